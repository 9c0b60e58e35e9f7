"""The customer's credit: what is left of credit notes and of overpayments.

Entries are append-only, and the database keeps each source's remainder at or above zero, whoever
debits it at the same time.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from billing.models.notes import CREDIT_ENTRIES, CREDIT_SOURCES
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import InvoiceId, TenantId, new_id
from control_plane.kernel.money import Money


@dataclass(frozen=True, slots=True)
class CreditSource:
    """Where credit comes from (``credit_note`` or ``overpayment``), and what is left of it."""

    id: UUID
    kind: str
    reference: str
    left: Money
    created_at: datetime


@dataclass(frozen=True, slots=True)
class CreditEntry:
    """One movement: ``carried`` in (positive), ``applied`` to an invoice, or ``refunded``."""

    source_id: UUID
    kind: str
    amount: Money
    invoice_id: InvoiceId | None
    reference: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class CreditRepository:
    """The credit of the session's tenant."""

    session: AsyncSession

    async def left(
        self, tenant_id: TenantId, currency_code: str | None = None, *, lock: bool = False
    ) -> list[CreditSource]:
        """Return the sources with something left, the oldest first."""
        columns = CREDIT_SOURCES.c
        query = (
            select(CREDIT_SOURCES)
            .where(columns.tenant_id == tenant_id, columns.remaining_minor > 0)
            .order_by(columns.id)
        )
        if currency_code is not None:
            query = query.where(columns.currency == currency_code)
        rows = await self.session.execute(query.with_for_update() if lock else query)
        return [
            CreditSource(
                id=row.id,
                kind=row.kind,
                reference=row.reference,
                left=Money(row.remaining_minor, currency(row.currency)),
                created_at=row.created_at.astimezone(UTC),
            )
            for row in rows
        ]

    async def carry(
        self,
        tenant_id: TenantId,
        source_id: UUID,
        kind: str,
        reference: str,
        amount: Money,
        at: datetime,
    ) -> None:
        """Open a source over an amount."""
        await self.session.execute(
            CREDIT_SOURCES.insert(),
            {
                "tenant_id": tenant_id,
                "id": source_id,
                "kind": kind,
                "reference": reference,
                "currency": amount.currency.code,
                "remaining_minor": 0,
                "created_at": at,
            },
        )
        await self._enter(tenant_id, source_id, "carried", amount, f"{kind}:{source_id}", at)

    async def apply(
        self, tenant_id: TenantId, source_id: UUID, amount: Money, invoice: InvoiceId, at: datetime
    ) -> None:
        """Settle a part of an invoice with a source."""
        key = f"applied:{invoice}"
        await self._enter(tenant_id, source_id, "applied", -amount, key, at, invoice)

    async def refund(
        self,
        tenant_id: TenantId,
        source_id: UUID,
        amount: Money,
        request_key: str,
        reference: str,
        at: datetime,
    ) -> None:
        """Take a refund from a source."""
        await self._enter(
            tenant_id, source_id, "refunded", -amount, request_key, at, reference=reference
        )

    async def entries(self, tenant_id: TenantId, limit: int = 200) -> list[CreditEntry]:
        """Return the movements, the latest first."""
        columns = CREDIT_ENTRIES.c
        rows = await self.session.execute(
            select(CREDIT_ENTRIES)
            .where(columns.tenant_id == tenant_id)
            .order_by(columns.id.desc())
            .limit(limit)
        )
        return [_entry(row) for row in rows]

    async def of_request(self, tenant_id: TenantId, request_key: str) -> list[CreditEntry]:
        """Return the movements that one request made."""
        columns = CREDIT_ENTRIES.c
        rows = await self.session.execute(
            select(CREDIT_ENTRIES)
            .where(columns.tenant_id == tenant_id)
            .where(columns.business_key == request_key)
        )
        return [_entry(row) for row in rows]

    async def _enter(
        self,
        tenant_id: TenantId,
        source_id: UUID,
        kind: str,
        amount: Money,
        business_key: str,
        at: datetime,
        invoice: InvoiceId | None = None,
        reference: str | None = None,
    ) -> None:
        await self.session.execute(
            CREDIT_ENTRIES.insert(),
            {
                "tenant_id": tenant_id,
                "id": new_id(),
                "source_id": source_id,
                "kind": kind,
                "currency": amount.currency.code,
                "amount_minor": amount.minor,
                "business_key": business_key,
                "invoice_id": invoice,
                "reference": reference,
                "created_at": at,
            },
        )


def _entry(row: Row[Any]) -> CreditEntry:
    return CreditEntry(
        source_id=row.source_id,
        kind=row.kind,
        amount=Money(row.amount_minor, currency(row.currency)),
        invoice_id=None if row.invoice_id is None else InvoiceId(row.invoice_id),
        reference=row.reference,
        created_at=row.created_at.astimezone(UTC),
    )
