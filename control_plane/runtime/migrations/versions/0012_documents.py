"""Tables of: documents.

Invoices get discounts, tax and partial settlement; credit notes and the customer's credit balance
are new. Lines say which item they bill, so that billing can tell what is billed of it: those
written before say it in their invoice's body.
"""

from alembic import op

from control_plane.runtime.migrations.helpers import append_only, tenant_table

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

# Legal entities are rows of their own from 0013 on, so their names are free.
_ACCOUNTS = """
ALTER TABLE billing_accounts DROP CONSTRAINT billing_accounts_entity_check;
ALTER TABLE billing_accounts
    ADD COLUMN policies jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN grace_seconds bigint NOT NULL DEFAULT 0 CHECK (grace_seconds >= 0),
    ADD COLUMN threshold_minor bigint CHECK (threshold_minor > 0),
    -- How far back the next close must look again, None: only at what is newly due.
    ADD COLUMN reach timestamptz,
    -- The look at the usage by which the last close was made: later events are late ones.
    ADD COLUMN usage_cutoff text;
"""

# Invoices and credit notes count apart, without gaps, per legal entity and year.
_NUMBERS = """
ALTER TABLE invoice_numbers ADD COLUMN series text NOT NULL DEFAULT 'invoice'
    CHECK (series IN ('invoice', 'credit_note'));
ALTER TABLE invoice_numbers DROP CONSTRAINT invoice_numbers_pkey;
ALTER TABLE invoice_numbers ADD PRIMARY KEY (entity, series, year);
"""

_INVOICES = """
ALTER TABLE invoices NO FORCE ROW LEVEL SECURITY;
ALTER TABLE invoices DROP CONSTRAINT invoices_state_check;
ALTER TABLE invoices
    ADD COLUMN kind text NOT NULL DEFAULT 'invoice' CHECK (kind = 'invoice'),
    ADD COLUMN subtotal_minor bigint CHECK (subtotal_minor >= 0),
    ADD COLUMN discount_minor bigint NOT NULL DEFAULT 0 CHECK (discount_minor >= 0),
    ADD COLUMN net_minor bigint CHECK (net_minor >= 0),
    ADD COLUMN tax_minor bigint NOT NULL DEFAULT 0 CHECK (tax_minor >= 0),
    ADD COLUMN applied_minor bigint NOT NULL DEFAULT 0 CHECK (applied_minor >= 0),
    ADD COLUMN due_minor bigint CHECK (due_minor >= 0),
    ADD COLUMN paid_minor bigint NOT NULL DEFAULT 0 CHECK (paid_minor >= 0),
    ADD COLUMN credited_minor bigint NOT NULL DEFAULT 0 CHECK (credited_minor >= 0),
    ADD COLUMN purchase_order text,
    ADD COLUMN overdue_at timestamptz,
    ADD COLUMN ended_at timestamptz,
    ADD COLUMN end_reason text,
    ADD CONSTRAINT invoices_state_check
        CHECK (state IN ('issued', 'paid', 'overdue', 'uncollectible', 'voided')),
    ADD CONSTRAINT invoices_ended_check CHECK (
        (state IN ('uncollectible', 'voided')) = (ended_at IS NOT NULL)
        AND (ended_at IS NULL) = (end_reason IS NULL));
UPDATE invoices SET subtotal_minor = total_minor, net_minor = total_minor, due_minor = total_minor,
    paid_minor = CASE WHEN state = 'paid' THEN total_minor ELSE 0 END,
    overdue_at = (payable_by + 1)::timestamp
        AT TIME ZONE (convert_from(body, 'UTF8')::jsonb ->> 'zone');
ALTER TABLE invoices
    ALTER COLUMN subtotal_minor SET NOT NULL,
    ALTER COLUMN net_minor SET NOT NULL,
    ALTER COLUMN due_minor SET NOT NULL,
    ALTER COLUMN overdue_at SET NOT NULL,
    ADD CONSTRAINT invoices_sums_check CHECK (
        total_minor = net_minor + tax_minor AND due_minor = total_minor - applied_minor),
    ADD CONSTRAINT invoices_open_check CHECK (paid_minor + credited_minor <= due_minor),
    ADD CONSTRAINT invoices_paid_check
        CHECK (state <> 'paid' OR paid_minor + credited_minor = due_minor),
    ADD CONSTRAINT invoices_void_check
        CHECK (state <> 'voided' OR paid_minor + credited_minor + applied_minor = 0);
ALTER TABLE invoices FORCE ROW LEVEL SECURITY;
CREATE INDEX invoices_overdue ON invoices (overdue_at) WHERE state = 'issued';
DROP INDEX payments_once;
-- Paid in parts, perhaps; but one attempt at a time.
CREATE UNIQUE INDEX payments_pending_once ON payments (tenant_id, invoice_id)
    WHERE state = 'pending';
"""

# What a line bills was written into the body only. Keys of items, by kind of line:
#   fee, credit, charge (of advance fees): the fee of the period that ends then;
#   usage, and fees in arrears: the plan's from that instant on; an add-on: its booking.
_LINES = r"""
ALTER TABLE invoices NO FORCE ROW LEVEL SECURITY;
ALTER TABLE invoice_lines NO FORCE ROW LEVEL SECURITY;
ALTER TABLE invoice_lines DROP CONSTRAINT invoice_lines_kind_check;
ALTER TABLE invoice_lines
    ADD COLUMN item_key text,
    ADD COLUMN revision integer CHECK (revision > 0),
    ADD COLUMN version_id uuid,
    ADD COLUMN service_start timestamptz,
    ADD COLUMN service_end timestamptz,
    ADD COLUMN since text,
    ADD COLUMN discount_minor bigint NOT NULL DEFAULT 0,
    ADD COLUMN net_minor bigint,
    ADD COLUMN tax_minor bigint NOT NULL DEFAULT 0,
    ADD COLUMN tax_category text NOT NULL DEFAULT 'standard',
    ADD COLUMN tax_rate numeric,
    ADD COLUMN tax_inclusive boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT invoice_lines_kind_check CHECK (kind IN ('usage', 'credit', 'charge', 'fee',
        'addon', 'commitment', 'deposit', 'cancellation')),
    -- Credits were lines of invoices before there were credit notes.
    ADD CONSTRAINT invoice_lines_amount_check CHECK (amount_minor >= 0 OR kind = 'credit');
ALTER TABLE invoice_lines DISABLE TRIGGER invoice_lines_append_only;
WITH said AS (
    SELECT i.tenant_id, i.id AS invoice_id, l.*
    FROM invoices i, jsonb_to_recordset(convert_from(i.body, 'UTF8')::jsonb -> 'lines') AS l (
        key text, kind text, item text, charge text, start timestamptz, "end" timestamptz)
), keyed AS (
    SELECT s.*, split_part(s.key, ':', 1) || CASE
        WHEN s.kind = 'addon' THEN ':' || split_part(s.key, ':', 2) || '\:addon'
        WHEN s.kind = 'usage' THEN
            ':' || s.item || ':' || s.charge || '\:usage\:'
                || substring(s.key FROM '\:usage\:(.*)$')
        WHEN s.key LIKE '%\:arrears\:%' THEN ':' || s.item || ':' || s.charge || '\:arrears\:'
            || substring(s.key FROM '\:arrears\:(.*)$')
        ELSE ':' || s.item || ':' || s.charge || '\:fee\:'
            || to_char(s."end" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS')
            || replace(to_char(s."end" AT TIME ZONE 'UTC', '.US'), '.000000', '') || 'Z'
        END AS item_key
    FROM said s
), numbered AS (
    SELECT k.*, row_number() OVER (
        PARTITION BY k.tenant_id, k.item_key ORDER BY l.due_at, l.id) AS revision
    FROM keyed k JOIN invoice_lines l ON l.tenant_id = k.tenant_id AND l.line_key = k.key
)
UPDATE invoice_lines l SET item_key = n.item_key, revision = n.revision,
    service_start = n.start, service_end = n."end", net_minor = l.amount_minor
FROM numbered n WHERE l.tenant_id = n.tenant_id AND l.line_key = n.key;
ALTER TABLE invoice_lines ENABLE TRIGGER invoice_lines_append_only;
ALTER TABLE invoice_lines
    ALTER COLUMN item_key SET NOT NULL,
    ALTER COLUMN revision SET NOT NULL,
    ALTER COLUMN service_start SET NOT NULL,
    ALTER COLUMN service_end SET NOT NULL,
    ALTER COLUMN net_minor SET NOT NULL;
ALTER TABLE invoice_lines FORCE ROW LEVEL SECURITY;
ALTER TABLE invoices FORCE ROW LEVEL SECURITY;
CREATE INDEX invoice_lines_item ON invoice_lines (tenant_id, item_key, revision);
CREATE INDEX invoice_lines_service ON invoice_lines (tenant_id, subscription_id, service_end);
"""

_NOTES = """
CREATE TABLE credit_notes (
    tenant_id uuid NOT NULL REFERENCES organisations (id),
    id uuid NOT NULL,
    invoice_id uuid NOT NULL,
    number text NOT NULL UNIQUE,
    entity text NOT NULL,
    year integer NOT NULL,
    place integer NOT NULL CHECK (place > 0),
    currency text NOT NULL,
    due_at timestamptz NOT NULL, part integer NOT NULL CHECK (part >= 0),
    dated date NOT NULL, reason text NOT NULL,
    subtotal_minor bigint NOT NULL, discount_minor bigint NOT NULL, net_minor bigint NOT NULL,
    tax_minor bigint NOT NULL, total_minor bigint NOT NULL,
    -- What it took off the open amount of its invoice; the rest went to the credit balance.
    lowered_minor bigint NOT NULL CHECK (lowered_minor >= 0),
    carried_minor bigint NOT NULL CHECK (carried_minor >= 0),
    body bytea NOT NULL,
    body_sha256 text NOT NULL,
    manifest bytea NOT NULL,
    issued_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (entity, year, place),
    UNIQUE (tenant_id, invoice_id, due_at, part),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices (tenant_id, id),
    CHECK (least(subtotal_minor, discount_minor, net_minor, tax_minor) >= 0),
    CHECK (total_minor = net_minor + tax_minor AND total_minor = lowered_minor + carried_minor)
);
CREATE INDEX credit_notes_by_date ON credit_notes (dated DESC, number DESC);
CREATE TABLE credit_note_lines (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    note_id uuid NOT NULL,
    position integer NOT NULL,
    line_key text NOT NULL,
    item_key text NOT NULL,
    revision integer NOT NULL CHECK (revision > 0),
    invoice_line_id uuid NOT NULL,
    kind text NOT NULL,
    subscription_id uuid NOT NULL,
    charge_code text NOT NULL,
    due_at timestamptz NOT NULL,
    service_start timestamptz NOT NULL, service_end timestamptz NOT NULL,
    amount_minor bigint NOT NULL, discount_minor bigint NOT NULL,
    net_minor bigint NOT NULL, tax_minor bigint NOT NULL,
    tax_category text NOT NULL, tax_rate numeric,
    cutoff text, since text,
    CHECK (least(amount_minor, discount_minor, net_minor, tax_minor) >= 0),
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, line_key),
    UNIQUE (tenant_id, note_id, position),
    FOREIGN KEY (tenant_id, note_id) REFERENCES credit_notes (tenant_id, id)
        DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY (tenant_id, invoice_line_id) REFERENCES invoice_lines (tenant_id, id)
);
CREATE INDEX credit_note_lines_item ON credit_note_lines (tenant_id, item_key, revision);
CREATE INDEX credit_note_lines_invoice_line ON credit_note_lines (tenant_id, invoice_line_id);
"""

# Checked at commit. The invoice's row is locked first, so that two notes cannot both fit alone.
_CAPS = """
CREATE FUNCTION refuse_over_credit() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    line invoice_lines%ROWTYPE;
    credited record;
BEGIN
    SELECT l.* INTO line FROM invoice_lines l
        WHERE l.tenant_id = NEW.tenant_id AND l.id = NEW.invoice_line_id;
    PERFORM 1 FROM invoices i
        WHERE i.tenant_id = NEW.tenant_id AND i.id = line.invoice_id FOR UPDATE;
    SELECT sum(amount_minor) AS amount, sum(net_minor) AS net, sum(tax_minor) AS tax INTO credited
        FROM credit_note_lines
        WHERE tenant_id = NEW.tenant_id AND invoice_line_id = NEW.invoice_line_id;
    IF credited.amount > line.amount_minor OR credited.net > line.net_minor
        OR credited.tax > line.tax_minor THEN
        RAISE EXCEPTION 'line % is credited beyond what was invoiced', line.line_key
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER credit_note_lines_cap AFTER INSERT ON credit_note_lines
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse_over_credit();
"""

# What the customer has to their credit, by where it comes from: a credit note, or a payment beyond
# what was open. Entries are never edited; the remainders follow from them, and hold at zero.
_BALANCE = """
CREATE TABLE credit_sources (
    tenant_id uuid NOT NULL REFERENCES organisations (id),
    id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('credit_note', 'overpayment')),
    reference text NOT NULL,
    currency text NOT NULL,
    remaining_minor bigint NOT NULL CHECK (remaining_minor >= 0),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX credit_sources_left ON credit_sources (tenant_id, currency)
    WHERE remaining_minor > 0;
CREATE TABLE credit_entries (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    source_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('carried', 'applied', 'refunded')),
    currency text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor <> 0),
    business_key text NOT NULL,
    invoice_id uuid,
    reference text,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, business_key, source_id),
    FOREIGN KEY (tenant_id, source_id) REFERENCES credit_sources (tenant_id, id),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices (tenant_id, id)
        DEFERRABLE INITIALLY DEFERRED,
    CHECK ((kind = 'carried') = (amount_minor > 0)),
    CHECK ((kind = 'applied') = (invoice_id IS NOT NULL))
);
CREATE FUNCTION book_credit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE credit_sources SET remaining_minor = remaining_minor + NEW.amount_minor
        WHERE tenant_id = NEW.tenant_id AND id = NEW.source_id AND currency = NEW.currency;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'credit source % has no balance in %', NEW.source_id, NEW.currency
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER credit_entries_book AFTER INSERT ON credit_entries
    FOR EACH ROW EXECUTE FUNCTION book_credit();
"""


def upgrade() -> None:
    for statements in (_ACCOUNTS, _NUMBERS, _INVOICES, _LINES, _NOTES, _CAPS, _BALANCE):
        op.execute(statements)
    op.execute(
        "GRANT UPDATE (state, paid_at, paid_minor, credited_minor, ended_at, end_reason) "
        "ON invoices TO tallyard_tenant"
    )
    # What falls overdue is looked for over all tenants, and marked in each one's own transaction.
    op.execute(
        "CREATE POLICY invoices_overdue ON invoices FOR SELECT TO tallyard_system "
        "USING (state = 'issued')"
    )
    op.execute("GRANT SELECT (tenant_id, state, overdue_at) ON invoices TO tallyard_system")
    for name in ("credit_notes", "credit_note_lines", "credit_entries"):
        tenant_table(name, staff=True, privileges="SELECT, INSERT")
        append_only(name)
    tenant_table("credit_sources", staff=True, privileges="SELECT, INSERT, UPDATE")


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
