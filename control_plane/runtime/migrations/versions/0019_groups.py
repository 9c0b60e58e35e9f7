"""Tables of: groups, consolidated invoices, cost centres and purchase orders."""

from alembic import op

from control_plane.runtime.migrations.helpers import append_only, staff_read, tenant_table

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

# A membership is the child's row, which its parent may see and answer, and nobody else.
_MEMBERSHIPS = """
CREATE TABLE group_memberships (
    tenant_id uuid NOT NULL REFERENCES organisations (id),
    id uuid NOT NULL,
    parent_id uuid NOT NULL REFERENCES organisations (id),
    child_name text NOT NULL,
    parent_name text NOT NULL,
    parent_pays boolean NOT NULL,
    state text NOT NULL CHECK (state IN ('requested', 'active', 'declined', 'ended')),
    requested_by text NOT NULL,
    requested_at timestamptz NOT NULL,
    answered_at timestamptz,
    ended_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    CHECK (tenant_id <> parent_id),
    CHECK ((state IN ('requested')) = (answered_at IS NULL AND ended_at IS NULL)),
    CHECK ((state = 'ended') = (ended_at IS NOT NULL))
);
CREATE UNIQUE INDEX group_memberships_once ON group_memberships (tenant_id)
    WHERE state IN ('requested', 'active');
CREATE INDEX group_memberships_parent ON group_memberships (parent_id, state);
ALTER TABLE group_memberships ENABLE ROW LEVEL SECURITY;
ALTER TABLE group_memberships FORCE ROW LEVEL SECURITY;
CREATE POLICY group_memberships_both ON group_memberships FOR SELECT TO tallyard_tenant
    USING (NULLIF(current_setting('app.tenant_id', true), '')::uuid IN (tenant_id, parent_id));
CREATE POLICY group_memberships_ask ON group_memberships FOR INSERT TO tallyard_tenant
    WITH CHECK (tenant_id = NULLIF(current_setting('app.tenant_id', true), '')::uuid
                AND state = 'requested');
CREATE POLICY group_memberships_answer ON group_memberships FOR UPDATE TO tallyard_tenant
    USING (NULLIF(current_setting('app.tenant_id', true), '')::uuid IN (tenant_id, parent_id));
GRANT SELECT, INSERT ON group_memberships TO tallyard_tenant;
GRANT UPDATE (state, answered_at, ended_at) ON group_memberships TO tallyard_tenant;
CREATE FUNCTION refuse_own_consent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state IN ('active', 'declined') AND OLD.state <> NEW.state AND NEW.parent_id
        <> NULLIF(current_setting('app.tenant_id', true), '')::uuid THEN
        RAISE EXCEPTION 'only the parent answers membership %', NEW.id
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NOT (OLD.state, NEW.state) IN (('requested', 'active'), ('requested', 'declined'),
        ('requested', 'ended'), ('active', 'ended')) THEN
        RAISE EXCEPTION 'membership % cannot go from % to %', NEW.id, OLD.state, NEW.state
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER group_memberships_consent BEFORE UPDATE ON group_memberships
    FOR EACH ROW EXECUTE FUNCTION refuse_own_consent();
"""

# What a parent sees of its children: copies, delivered after the child's own commit.
_SHARED = """
CREATE TABLE group_settings (
    tenant_id uuid PRIMARY KEY REFERENCES organisations (id),
    cadence text NOT NULL CHECK (cadence IN ('date', 'month'))
);
CREATE TABLE consolidated_invoices (
    tenant_id uuid NOT NULL REFERENCES organisations (id),
    id uuid NOT NULL,
    number text NOT NULL UNIQUE,
    entity text NOT NULL,
    year integer NOT NULL,
    place integer NOT NULL CHECK (place > 0),
    currency text NOT NULL,
    first_day date NOT NULL,
    last_day date NOT NULL,
    dated date NOT NULL,
    payable_by date NOT NULL,
    total_minor bigint NOT NULL CHECK (total_minor > 0),
    body bytea NOT NULL,
    body_sha256 text NOT NULL,
    state text NOT NULL CHECK (state IN ('issued', 'paid')),
    issued_at timestamptz NOT NULL,
    reference text,
    paid_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (entity, year, place),
    UNIQUE (tenant_id, reference),
    CHECK ((state = 'paid') = (paid_at IS NOT NULL AND reference IS NOT NULL))
);
CREATE TABLE group_invoices (
    tenant_id uuid NOT NULL REFERENCES organisations (id),
    invoice_id uuid NOT NULL,
    child_id uuid NOT NULL REFERENCES organisations (id),
    child_name text NOT NULL,
    number text NOT NULL,
    entity text NOT NULL,
    currency text NOT NULL,
    dated date NOT NULL,
    payable_by date NOT NULL,
    total_minor bigint NOT NULL,
    open_minor bigint NOT NULL CHECK (open_minor >= 0),
    parent_pays boolean NOT NULL,
    body bytea NOT NULL,
    shared_at timestamptz NOT NULL,
    consolidated_id uuid,
    settled_at timestamptz,
    unsettled_because text,
    PRIMARY KEY (tenant_id, invoice_id),
    FOREIGN KEY (tenant_id, consolidated_id) REFERENCES consolidated_invoices (tenant_id, id),
    CHECK (consolidated_id IS NULL OR parent_pays)
);
CREATE INDEX group_invoices_waiting ON group_invoices (dated)
    WHERE parent_pays AND consolidated_id IS NULL AND open_minor > 0;
CREATE INDEX group_invoices_of ON group_invoices (tenant_id, consolidated_id);
ALTER TABLE invoice_numbers DROP CONSTRAINT invoice_numbers_series_check;
ALTER TABLE invoice_numbers ADD CONSTRAINT invoice_numbers_series_check CHECK
    (series IN ('invoice', 'credit_note', 'receipt', 'prepayment', 'consolidated'));
"""

_COST_CENTRES = """
CREATE TABLE cost_centre_properties (
    tenant_id uuid PRIMARY KEY REFERENCES organisations (id),
    property text NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE TABLE line_splits (
    tenant_id uuid NOT NULL,
    invoice_id uuid NOT NULL,
    line_key text NOT NULL,
    position integer NOT NULL,
    cost_centre text NOT NULL,
    quantity numeric NOT NULL,
    amount_minor bigint NOT NULL,
    PRIMARY KEY (tenant_id, invoice_id, line_key, position),
    UNIQUE (tenant_id, line_key, cost_centre),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices (tenant_id, id)
);
CREATE TABLE subscription_orders (
    tenant_id uuid NOT NULL,
    subscription_id uuid NOT NULL,
    purchase_order text NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, subscription_id),
    -- A quote's number is kept before its subscription starts: the first invoice prints it.
    FOREIGN KEY (tenant_id, subscription_id) REFERENCES subscriptions (tenant_id, id)
        DEFERRABLE INITIALLY DEFERRED
);
"""


def upgrade() -> None:
    for statements in (_MEMBERSHIPS, _SHARED, _COST_CENTRES):
        op.execute(statements)
    staff_read("group_memberships")
    tenant_table("group_settings", privileges="SELECT, INSERT, UPDATE")
    tenant_table("consolidated_invoices", staff=True, privileges="SELECT, INSERT")
    op.execute(
        "GRANT UPDATE (state, reference, paid_at) ON consolidated_invoices TO tallyard_tenant"
    )
    tenant_table("group_invoices", staff=True, privileges="SELECT, INSERT")
    op.execute(
        "GRANT UPDATE (open_minor, parent_pays, consolidated_id, settled_at, unsettled_because) "
        "ON group_invoices TO tallyard_tenant"
    )
    # Which parents have something to consolidate is looked for over all tenants.
    op.execute(
        "CREATE POLICY group_invoices_waiting ON group_invoices FOR SELECT TO tallyard_system "
        "USING (parent_pays AND consolidated_id IS NULL)"
    )
    op.execute(
        "GRANT SELECT (tenant_id, dated, parent_pays, consolidated_id, open_minor) "
        "ON group_invoices TO tallyard_system"
    )
    tenant_table("cost_centre_properties", privileges="SELECT, INSERT, UPDATE, DELETE")
    tenant_table("line_splits", staff=True, privileges="SELECT, INSERT")
    append_only("line_splits")
    tenant_table("subscription_orders", privileges="SELECT, INSERT, UPDATE, DELETE")


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
