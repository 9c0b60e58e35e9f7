"""The ledger: append-only, and balanced at every commit because PostgreSQL says so."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.ledger import Account, Entry
from billing.models import LEDGER_ENTRIES, LEDGER_TRANSACTIONS
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import InvoiceId, LedgerTransactionId, TenantId, new_id
from control_plane.kernel.money import Money


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
        transaction_id = LedgerTransactionId(new_id())
        head = {
            "tenant_id": tenant_id,
            "id": transaction_id,
            "kind": kind,
            "business_key": business_key,
            "invoice_id": invoice_id,
            "booked_at": booked_at,
        }
        rows = [
            {
                "tenant_id": tenant_id,
                "transaction_id": transaction_id,
                "position": position,
                "account": entry.account.value,
                "currency": entry.amount.currency.code,
                "amount_minor": entry.amount.minor,
            }
            for position, entry in enumerate(entries, start=1)
        ]
        await self.session.execute(LEDGER_TRANSACTIONS.insert(), head)
        await self.session.execute(LEDGER_ENTRIES.insert(), rows)

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
