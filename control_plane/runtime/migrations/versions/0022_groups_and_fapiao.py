"""Cost centres in documents; consolidated invoices paid in parts."""

from alembic import op

from control_plane.runtime.migrations.helpers import append_only, tenant_table, unforced

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

# Shares stand in the frozen bodies from now on, and the account says how they come about.
_COST_CENTRES = """
UPDATE billing_accounts a SET cost_centres = jsonb_build_object('property', p.property)
    FROM cost_centre_properties p WHERE p.tenant_id = a.tenant_id
"""

# What a consolidated invoice has open follows its children's invoices; payments are rows.
_PAYMENTS = """
CREATE TABLE consolidated_payments (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    consolidated_id uuid NOT NULL,
    provider text NOT NULL,
    state text NOT NULL CHECK (state IN ('pending', 'succeeded', 'failed')),
    currency text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    kept_minor bigint NOT NULL DEFAULT 0 CHECK (kept_minor BETWEEN 0 AND amount_minor),
    request_key text NOT NULL,
    reference text,
    failure text,
    created_at timestamptz NOT NULL,
    settled_at timestamptz,
    spread_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, request_key),
    FOREIGN KEY (tenant_id, consolidated_id) REFERENCES consolidated_invoices (tenant_id, id),
    CHECK ((state = 'pending') = (settled_at IS NULL)),
    CHECK (spread_at IS NULL OR state = 'succeeded')
);
CREATE UNIQUE INDEX consolidated_payments_once
    ON consolidated_payments (tenant_id, consolidated_id) WHERE state = 'pending';
CREATE INDEX consolidated_payments_of ON consolidated_payments (tenant_id, consolidated_id);
CREATE TABLE consolidated_settlements (
    tenant_id uuid NOT NULL,
    payment_id uuid NOT NULL,
    invoice_id uuid NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    settled_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, payment_id, invoice_id),
    FOREIGN KEY (tenant_id, payment_id) REFERENCES consolidated_payments (tenant_id, id),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES group_invoices (tenant_id, invoice_id)
);
CREATE INDEX consolidated_settlements_of ON consolidated_settlements (tenant_id, invoice_id);
CREATE TABLE group_credit_notes (
    tenant_id uuid NOT NULL,
    note_id uuid NOT NULL,
    invoice_id uuid NOT NULL,
    number text NOT NULL,
    dated date NOT NULL,
    currency text NOT NULL,
    total_minor bigint NOT NULL,
    lowered_minor bigint NOT NULL,
    shared_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, note_id),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES group_invoices (tenant_id, invoice_id)
);
CREATE INDEX group_credit_notes_of ON group_credit_notes (tenant_id, invoice_id);
INSERT INTO consolidated_payments (tenant_id, id, consolidated_id, provider, state, currency,
        amount_minor, request_key, reference, created_at, settled_at, spread_at)
    SELECT c.tenant_id, gen_random_uuid(), c.id, 'manual', 'succeeded', c.currency, c.total_minor,
        'transfer:' || c.reference, c.reference, c.paid_at, c.paid_at,
        -- What had not reached every child's books goes on as soon as its message is delivered.
        CASE WHEN EXISTS (SELECT FROM group_invoices g
            WHERE g.tenant_id = c.tenant_id AND g.consolidated_id = c.id
                AND g.settled_at IS NULL AND g.unsettled_because IS NULL)
        THEN NULL ELSE c.paid_at END
    FROM consolidated_invoices c WHERE c.state = 'paid';
INSERT INTO consolidated_settlements (tenant_id, payment_id, invoice_id, amount_minor, settled_at)
    SELECT g.tenant_id, p.id, g.invoice_id, g.open_minor, coalesce(g.settled_at, q.settled_at)
    FROM group_invoices g
    JOIN consolidated_invoices c ON c.tenant_id = g.tenant_id AND c.id = g.consolidated_id
    JOIN consolidated_payments p ON p.tenant_id = c.tenant_id AND p.consolidated_id = c.id
    -- A child's books may have it already, though its parent's do not say so yet.
    LEFT JOIN payments q ON q.tenant_id = g.child_id AND q.invoice_id = g.invoice_id
        AND q.request_key = 'transfer:' || c.number || '/' || g.number AND q.state = 'succeeded'
    WHERE (g.settled_at IS NOT NULL OR q.id IS NOT NULL) AND g.open_minor > 0;
UPDATE group_invoices g SET open_minor = 0
    WHERE settled_at IS NOT NULL OR unsettled_because IS NOT NULL
        OR EXISTS (SELECT FROM consolidated_settlements s
            WHERE s.tenant_id = g.tenant_id AND s.invoice_id = g.invoice_id);
ALTER TABLE group_invoices DROP COLUMN settled_at, DROP COLUMN unsettled_because;
ALTER TABLE consolidated_invoices
    DROP COLUMN state, DROP COLUMN reference, DROP COLUMN paid_at;
"""


def upgrade() -> None:
    op.execute(
        "ALTER TABLE billing_accounts ADD COLUMN cost_centres jsonb NOT NULL DEFAULT '{}'::jsonb"
    )
    with unforced("billing_accounts", "cost_centre_properties"):
        op.execute(_COST_CENTRES)
    op.execute("DROP TABLE line_splits")
    op.execute("DROP TABLE cost_centre_properties")
    with unforced("consolidated_invoices", "group_invoices", "payments"):
        op.execute(_PAYMENTS)
    tenant_table("consolidated_payments", staff=True, privileges="SELECT, INSERT")
    op.execute(
        "GRANT UPDATE (state, reference, failure, settled_at, spread_at, kept_minor) "
        "ON consolidated_payments TO tallyard_tenant"
    )
    tenant_table("consolidated_settlements", staff=True, privileges="SELECT, INSERT")
    append_only("consolidated_settlements")
    tenant_table("group_credit_notes", staff=True, privileges="SELECT, INSERT")
    append_only("group_credit_notes")


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
