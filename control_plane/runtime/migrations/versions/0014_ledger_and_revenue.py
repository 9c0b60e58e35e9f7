"""Tables of: ledger and revenue."""

from alembic import op

from control_plane.runtime.migrations.helpers import unforced

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
ALTER TABLE ledger_entries ADD CONSTRAINT ledger_entries_account CHECK (account IN ({_ACCOUNTS}));
"""


def upgrade() -> None:
    with unforced("ledger_transactions", "ledger_entries", "invoices", "payments", "organisations"):
        op.execute(_TRANSACTIONS)


def downgrade() -> None:
    raise RuntimeError("migrations only go forward: restore a backup instead")
