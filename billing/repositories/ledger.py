"""The ledger: append-only, and balanced at every commit because PostgreSQL says so."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.ledger import Account, Entry
from billing.models import LEDGER_ENTRIES
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import InvoiceId, LedgerTransactionId, TenantId, new_id
from control_plane.kernel.money import Money

# One statement for a transaction and its entries: half of it can never be seen.
_POST = text(
    """
    WITH posted AS (
        INSERT INTO ledger_transactions (tenant_id, id, kind, business_key, invoice_id, booked_at)
        VALUES (:tenant_id, :id, :kind, :business_key, :invoice_id, :booked_at)
        RETURNING tenant_id, id
    )
    INSERT INTO ledger_entries
        (tenant_id, transaction_id, position, account, currency, amount_minor)
    SELECT posted.tenant_id, posted.id, e.position, e.account, e.currency, e.amount_minor
    FROM posted, jsonb_to_recordset(CAST(:entries AS jsonb))
        AS e (position integer, account text, currency text, amount_minor bigint)
    """
)


@dataclass(frozen=True, slots=True)
class LedgerRepository:
    """The postings of the session's tenant."""

    session: AsyncSession

    async def post(
        self,
        tenant_id: TenantId,
        kind: str,
        business_key: str,
        invoice_id: InvoiceId,
        entries: Sequence[Entry],
        booked_at: datetime,
    ) -> None:
        """Post a transaction under a key that makes it unique; no entries post nothing."""
        if not entries:
            return
        rows = [
            {
                "position": position,
                "account": entry.account.value,
                "currency": entry.amount.currency.code,
                "amount_minor": entry.amount.minor,
            }
            for position, entry in enumerate(entries, start=1)
        ]
        await self.session.execute(
            _POST,
            {
                "tenant_id": tenant_id,
                "id": LedgerTransactionId(new_id()),
                "kind": kind,
                "business_key": business_key,
                "invoice_id": invoice_id,
                "booked_at": booked_at,
                "entries": json.dumps(rows),
            },
        )

    async def balances(self, tenant_id: TenantId) -> dict[tuple[Account, str], Money]:
        """Return each account's balance by account and currency: debits positive."""
        entries = LEDGER_ENTRIES.c
        rows = await self.session.execute(
            select(entries.account, entries.currency, func.sum(entries.amount_minor))
            .where(entries.tenant_id == tenant_id)
            .group_by(entries.account, entries.currency)
        )
        return {
            (Account(account), code): Money(int(total), currency(code))
            for account, code, total in rows
        }
