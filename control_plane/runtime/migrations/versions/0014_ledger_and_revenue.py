"""Tables of: ledger and revenue."""

from alembic import op

from control_plane.runtime.migrations.helpers import tenant_table, unforced

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_KINDS = (
    "'invoice', 'credit_note', 'payment', 'credit_applied', 'refund', 'prepaid_topup', "
    "'prepaid_used', 'prepaid_expired', 'write_off', 'recovery', 'void', 'recognition'"
)
_ACCOUNTS = (
    "'cash', 'receivable', 'deferred_revenue', 'tax_payable', 'prepaid_liability', "
    "'customer_credit', 'refunds', 'revenue_fees', 'revenue_usage', 'revenue_addons', "
    "'revenue_commitments', 'revenue_prepaid', 'write_offs'"
)

# Not every transaction is an invoice's any more; all are cut by their local day in reports. What
# was booked before gets the day of its invoice, or the day it had in the organisation's zone.
_TRANSACTIONS = f"""
ALTER TABLE ledger_transactions
    DROP CONSTRAINT ledger_transactions_kind_check,
    ADD CONSTRAINT ledger_transactions_kind_check CHECK (kind IN ({_KINDS})),
    ALTER COLUMN invoice_id DROP NOT NULL,
    ADD COLUMN credit_note_id uuid,
    ADD COLUMN payment_id uuid,
    ADD COLUMN source_id uuid,
    ADD COLUMN booked_on date,
    ADD FOREIGN KEY (tenant_id, payment_id) REFERENCES payments (tenant_id, id)
        DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE ledger_transactions DISABLE TRIGGER ledger_transactions_append_only;
UPDATE ledger_transactions t SET booked_on = coalesce(
    (SELECT i.dated FROM invoices i
     WHERE t.kind = 'invoice' AND i.tenant_id = t.tenant_id AND i.id = t.invoice_id),
    (SELECT (t.booked_at AT TIME ZONE o.zone)::date FROM organisations o WHERE o.id = t.tenant_id));
UPDATE ledger_transactions SET payment_id = split_part(business_key, ':', 2)::uuid
    WHERE kind = 'payment';
ALTER TABLE ledger_transactions ENABLE TRIGGER ledger_transactions_append_only;
ALTER TABLE ledger_transactions ALTER COLUMN booked_on SET NOT NULL;
CREATE INDEX ledger_transactions_day ON ledger_transactions (tenant_id, booked_on);
CREATE INDEX ledger_transactions_payment ON ledger_transactions (tenant_id, payment_id)
    WHERE payment_id IS NOT NULL;
CREATE INDEX ledger_transactions_note ON ledger_transactions (tenant_id, credit_note_id)
    WHERE credit_note_id IS NOT NULL;
CREATE INDEX ledger_transactions_void ON ledger_transactions (tenant_id, invoice_id)
    WHERE kind = 'void';
ALTER TABLE ledger_entries ADD CONSTRAINT ledger_entries_account CHECK (account IN ({_ACCOUNTS}));
"""

# Revenue is computed from lines: over which local days each is earned, and what it was sold as.
_LINES = """
ALTER TABLE invoice_lines
    ADD COLUMN first_day date,
    ADD COLUMN last_day date,
    ADD COLUMN item text,
    ADD CONSTRAINT invoice_lines_days_check CHECK (first_day <= last_day);
ALTER TABLE invoice_lines DISABLE TRIGGER invoice_lines_append_only;
UPDATE invoice_lines l SET first_day = said.first_day, last_day = said.last_day, item = said.item
FROM invoices i, jsonb_to_recordset(convert_from(i.body, 'UTF8')::jsonb -> 'lines') AS said (
    key text, item text, first_day date, last_day date)
WHERE i.tenant_id = l.tenant_id AND i.id = l.invoice_id AND said.key = l.line_key;
ALTER TABLE invoice_lines ENABLE TRIGGER invoice_lines_append_only;
CREATE INDEX invoice_lines_last_day ON invoice_lines (tenant_id, last_day);
-- Invoices issued before revenue was recognised by day stand as earned in full.
ALTER TABLE invoices ADD COLUMN earned_at_issue boolean NOT NULL DEFAULT true;
ALTER TABLE invoices ALTER COLUMN earned_at_issue SET DEFAULT false;
"""

# The same arithmetic as billing/domain/revenue/recognition.py, which a test holds it to: what the
# days of a line up to one of them have of its net, by largest remainder.
_REVENUE = """
CREATE FUNCTION earned_by(net bigint, first_day date, last_day date, dated date, on_day date)
RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN on_day < dated THEN 0 ELSE sign(net)::bigint * (
        abs(net) / (last_day - first_day + 1)
            * least(greatest(on_day - first_day + 1, 0), last_day - first_day + 1)
        + least(abs(net) % (last_day - first_day + 1), greatest(on_day - first_day + 1, 0))) END
$$;
-- Lines with what was credited of them, in order, as [day, minor units]; null where nothing was.
CREATE VIEW revenue_lines WITH (security_invoker = true) AS
SELECT l.tenant_id, l.id, i.entity, i.currency, i.dated, i.earned_at_issue, l.invoice_id,
    l.subscription_id, l.kind, l.item, l.charge_code, l.net_minor,
    coalesce(l.first_day, i.dated) AS first_day, coalesce(l.last_day, i.dated) AS last_day,
    CASE WHEN l.kind = 'usage' THEN 'revenue_usage'
        WHEN l.kind IN ('addon', 'deposit', 'cancellation') THEN 'revenue_addons'
        WHEN l.kind = 'commitment' THEN 'revenue_commitments'
        ELSE 'revenue_fees' END AS account,
    r.reductions
FROM invoice_lines l
JOIN invoices i ON i.tenant_id = l.tenant_id AND i.id = l.invoice_id
LEFT JOIN (
    SELECT tenant_id, line_id,
        jsonb_agg(jsonb_build_array(on_day, minor) ORDER BY on_day, id) AS reductions
    FROM (
        SELECT c.tenant_id, c.invoice_line_id AS line_id, n.dated AS on_day,
            c.net_minor AS minor, n.id
        FROM credit_note_lines c
        JOIN credit_notes n ON n.tenant_id = c.tenant_id AND n.id = c.note_id
        WHERE c.net_minor <> 0
        UNION ALL
        SELECT v.tenant_id, v.id, t.booked_on, v.net_minor, t.id
        FROM ledger_transactions t
        JOIN invoice_lines v ON v.tenant_id = t.tenant_id AND v.invoice_id = t.invoice_id
        WHERE t.kind = 'void'
    ) found GROUP BY tenant_id, line_id
) r ON r.tenant_id = l.tenant_id AND r.line_id = l.id;
GRANT SELECT ON revenue_lines TO tallyard_tenant, tallyard_staff;
"""

# When a tenant's books are next due: revenue to post, by its own clock, and rules to check, by
# the real one. None: at once.
_DUE = """
ALTER TABLE billing_accounts
    ADD COLUMN revenue_due_at timestamptz,
    ADD COLUMN books_due_at timestamptz;
CREATE INDEX billing_accounts_revenue ON billing_accounts (revenue_due_at NULLS FIRST);
CREATE INDEX billing_accounts_books ON billing_accounts (books_due_at NULLS FIRST);
CREATE TABLE book_findings (
    tenant_id uuid NOT NULL REFERENCES organisations (id),
    rule text NOT NULL,
    places text[] NOT NULL CHECK (cardinality(places) > 0),
    found_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, rule)
);
"""


def upgrade() -> None:
    with unforced("ledger_transactions", "ledger_entries", "invoices", "payments", "organisations"):
        op.execute(_TRANSACTIONS)
    with unforced("invoice_lines", "invoices"):
        op.execute(_LINES)
    op.execute(_REVENUE)
    op.execute(_DUE)
    tenant_table("book_findings", staff=True)


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
