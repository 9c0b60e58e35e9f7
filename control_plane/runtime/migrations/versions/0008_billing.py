"""Tables of: billing."""

from alembic import op

from control_plane.runtime.migrations.helpers import append_only, tenant_table

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# One row per tenant: what all its billing is serialised by, and what the close looks for.
_ACCOUNTS = """
CREATE TABLE billing_accounts (
    tenant_id uuid PRIMARY KEY REFERENCES organisations (id),
    entity text NOT NULL CHECK (entity IN ('live', 'sandbox')),
    closed_through timestamptz,
    next_due_at timestamptz,
    parked_at timestamptz,
    parked_reason text,
    provider text NOT NULL DEFAULT 'manual',
    provider_customer text,
    provider_method text,
    method_label text,
    created_at timestamptz NOT NULL,
    CHECK ((parked_at IS NULL) = (parked_reason IS NULL))
);
CREATE INDEX billing_accounts_due ON billing_accounts (next_due_at) WHERE parked_at IS NULL;
"""

_INVOICES = """
CREATE TABLE invoice_numbers (
    entity text NOT NULL,
    year integer NOT NULL,
    last integer NOT NULL CHECK (last > 0),
    PRIMARY KEY (entity, year)
);
CREATE TABLE invoices (
    tenant_id uuid NOT NULL REFERENCES organisations (id),
    id uuid NOT NULL,
    number text NOT NULL UNIQUE,
    entity text NOT NULL,
    year integer NOT NULL,
    place integer NOT NULL CHECK (place > 0),
    currency text NOT NULL,
    due_at timestamptz NOT NULL,
    part integer NOT NULL CHECK (part >= 0),
    dated date NOT NULL,
    payable_by date NOT NULL,
    total_minor bigint NOT NULL CHECK (total_minor >= 0),
    body bytea NOT NULL,
    body_sha256 text NOT NULL,
    manifest bytea NOT NULL,
    state text NOT NULL CHECK (state IN ('issued', 'paid')),
    issued_at timestamptz NOT NULL,
    paid_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, currency, due_at, part),
    UNIQUE (entity, year, place),
    CHECK ((state = 'paid') = (paid_at IS NOT NULL))
);
CREATE INDEX invoices_by_date ON invoices (dated DESC, number DESC);
CREATE TABLE invoice_lines (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    invoice_id uuid NOT NULL,
    position integer NOT NULL,
    line_key text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('usage', 'credit', 'charge', 'fee', 'addon')),
    subscription_id uuid NOT NULL,
    charge_code text NOT NULL,
    due_at timestamptz NOT NULL,
    amount_minor bigint NOT NULL,
    cutoff text,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, line_key),
    UNIQUE (tenant_id, invoice_id, position),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices (tenant_id, id)
        DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY (tenant_id, subscription_id) REFERENCES subscriptions (tenant_id, id)
);
CREATE INDEX invoice_lines_due ON invoice_lines (tenant_id, due_at);
"""

_PAYMENTS = """
CREATE TABLE payments (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    invoice_id uuid NOT NULL,
    provider text NOT NULL,
    state text NOT NULL CHECK (state IN ('pending', 'succeeded', 'failed')),
    currency text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    request_key text NOT NULL,
    reference text,
    failure text,
    created_at timestamptz NOT NULL,
    settled_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, request_key),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices (tenant_id, id),
    CHECK ((state = 'pending') = (settled_at IS NULL))
);
-- An invoice is collected once: a second attempt waits until the first has failed.
CREATE UNIQUE INDEX payments_once ON payments (tenant_id, invoice_id)
    WHERE state IN ('pending', 'succeeded');
CREATE UNIQUE INDEX payments_reference ON payments (tenant_id, provider, reference)
    WHERE reference IS NOT NULL;
"""

_LEDGER = """
CREATE TABLE ledger_transactions (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('invoice', 'payment')),
    business_key text NOT NULL,
    invoice_id uuid NOT NULL,
    booked_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, business_key),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices (tenant_id, id)
        DEFERRABLE INITIALLY DEFERRED
);
CREATE TABLE ledger_entries (
    tenant_id uuid NOT NULL,
    transaction_id uuid NOT NULL,
    position integer NOT NULL,
    account text NOT NULL,
    currency text NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor <> 0),
    PRIMARY KEY (tenant_id, transaction_id, position),
    FOREIGN KEY (tenant_id, transaction_id) REFERENCES ledger_transactions (tenant_id, id)
);
CREATE INDEX ledger_transactions_invoice ON ledger_transactions (tenant_id, invoice_id);
"""

# Checked when the transaction commits, whoever wrote the rows and in whatever order.
_BALANCE = """
CREATE FUNCTION refuse_unbalanced() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    checked uuid := (to_jsonb(NEW) ->> TG_ARGV[0])::uuid;
    sums bigint[];
BEGIN
    SELECT array_agg(total) INTO sums FROM (
        SELECT sum(amount_minor) AS total FROM ledger_entries
        WHERE tenant_id = NEW.tenant_id AND transaction_id = checked GROUP BY currency
    ) AS by_currency;
    IF sums IS NULL OR NOT 0 = ALL (sums) THEN
        RAISE EXCEPTION 'ledger transaction % does not balance', checked
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ledger_transactions_balance AFTER INSERT ON ledger_transactions
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse_unbalanced('id');
CREATE CONSTRAINT TRIGGER ledger_entries_balance AFTER INSERT ON ledger_entries
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse_unbalanced('transaction_id');
"""


def upgrade() -> None:
    for statements in (_ACCOUNTS, _INVOICES, _PAYMENTS, _LEDGER, _BALANCE):
        op.execute(statements)
    tenant_table("billing_accounts", staff=True, queue=True, privileges="SELECT, INSERT, UPDATE")
    # An issued invoice is never edited: only whether it is paid may change.
    tenant_table("invoices", staff=True, privileges="SELECT, INSERT")
    op.execute("GRANT UPDATE (state, paid_at) ON invoices TO tallyard_tenant")
    tenant_table("payments", staff=True, privileges="SELECT, INSERT")
    op.execute(
        "GRANT UPDATE (state, reference, failure, settled_at) ON payments TO tallyard_tenant"
    )
    for name in ("invoice_lines", "ledger_transactions", "ledger_entries"):
        tenant_table(name, staff=True, privileges="SELECT, INSERT")
        append_only(name)
    op.execute("GRANT SELECT, INSERT, UPDATE ON invoice_numbers TO tallyard_tenant")


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
