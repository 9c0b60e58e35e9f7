"""The ledger: append-only, and balanced at every commit because PostgreSQL says so."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.ledger import Account, Entry
from billing.models import LEDGER_ENTRIES
from control_plane.kernel.calendar import local_date
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import InvoiceId, LedgerTransactionId, TenantId, new_id
from control_plane.kernel.money import Money
from control_plane.runtime.writes import Write, send


class Kind(StrEnum):
    """What a transaction books."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    PAYMENT = "payment"
    CREDIT_APPLIED = "credit_applied"
    REFUND = "refund"
    PREPAID_TOPUP = "prepaid_topup"
    PREPAID_USED = "prepaid_used"
    PREPAID_EXPIRED = "prepaid_expired"
    WRITE_OFF = "write_off"
    RECOVERY = "recovery"
    VOID = "void"
    RECOGNITION = "recognition"


@dataclass(frozen=True, slots=True)
class Posting:
    """A transaction of the ledger, unique by its ``business_key`` within the tenant.

    ``booked_at`` is when it happened, ``booked_on`` the tenant's local day of it, by which reports
    are cut (an invoice's date; None asks for the day of ``booked_at`` in the organisation's zone).
    Of the links, those that apply are given; ``source_id`` names anything else (a wallet's entry).
    """

    kind: Kind
    business_key: str
    entries: Sequence[Entry]
    booked_at: datetime
    booked_on: date | None = None
    invoice_id: InvoiceId | None = None
    credit_note_id: UUID | None = None
    payment_id: UUID | None = None
    source_id: UUID | None = None


_POST = text(
    """
    INSERT INTO ledger_transactions (tenant_id, id, kind, business_key, invoice_id,
        credit_note_id, payment_id, source_id, booked_at, booked_on)
    VALUES (:tenant_id, :id, :kind, :business_key, :invoice_id,
        :credit_note_id, :payment_id, :source_id, :booked_at, :booked_on)
    """
)
_ENTER = text(
    """
    INSERT INTO ledger_entries
        (tenant_id, transaction_id, position, account, currency, amount_minor)
    SELECT :tenant_id, :id, e.position, e.account, e.currency, e.amount_minor
    FROM jsonb_to_recordset(CAST(:entries AS jsonb))
        AS e (position integer, account text, currency text, amount_minor bigint)
    """
)
_ZONE = text("SELECT zone FROM organisations WHERE id = :tenant_id")


def postings(tenant_id: TenantId, posting: Posting) -> list[Write]:
    """Return what `LedgerRepository.book` writes, of a posting that says its day.

    Sent together, so that half of a transaction can never be seen.
    """
    if not posting.entries:
        return []
    transaction_id = LedgerTransactionId(new_id())
    rows = [
        {
            "position": position,
            "account": entry.account.value,
            "currency": entry.amount.currency.code,
            "amount_minor": entry.amount.minor,
        }
        for position, entry in enumerate(posting.entries, start=1)
    ]
    head = {
        "tenant_id": tenant_id,
        "id": transaction_id,
        "kind": posting.kind.value,
        "business_key": posting.business_key,
        "invoice_id": posting.invoice_id,
        "credit_note_id": posting.credit_note_id,
        "payment_id": posting.payment_id,
        "source_id": posting.source_id,
        "booked_at": posting.booked_at,
        "booked_on": posting.booked_on,
    }
    entries = {"tenant_id": tenant_id, "id": transaction_id, "entries": json.dumps(rows)}
    return [Write(_POST, head), Write(_ENTER, entries)]


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
        """Post a transaction of an invoice; see `book`."""
        posting = Posting(Kind(kind), business_key, entries, booked_at, invoice_id=invoice_id)
        await self.book(tenant_id, posting)

    async def book(self, tenant_id: TenantId, posting: Posting) -> None:
        """Post a transaction under a key that makes it unique; no entries post nothing."""
        if not posting.entries:
            return
        day = posting.booked_on or await self._day(tenant_id, posting.booked_at)
        await send(self.session, postings(tenant_id, replace(posting, booked_on=day)))

    async def _day(self, tenant_id: TenantId, at: datetime) -> date:
        zone = await self.session.scalar(_ZONE, {"tenant_id": tenant_id})
        return local_date(at, str(zone))

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
