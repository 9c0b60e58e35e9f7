"""Invoices: issued once, read often."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Row, Select, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.records import OPEN_STATES, InvoiceState, InvoiceSummary, StoredInvoice
from billing.errors import InvoiceNotFound
from billing.events import paid_event
from billing.models import INVOICES
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import InvoiceId, TenantId, format_id
from control_plane.kernel.money import Money
from control_plane.runtime.outbox import enqueue
from control_plane.runtime.topics import STANDING_DUE
from control_plane.runtime.writes import send

OVERDUE = text(
    """
    SELECT tenant_id FROM (
        (SELECT i.tenant_id, i.overdue_at FROM invoices i
        WHERE i.state = 'issued' AND i.overdue_at <= :now
        AND i.tenant_id <> ALL (CAST(:but AS uuid[]))
        AND NOT EXISTS (SELECT FROM test_clocks c WHERE c.tenant_id = i.tenant_id)
        ORDER BY i.overdue_at LIMIT :most)
        UNION ALL
        (SELECT c.tenant_id, i.overdue_at FROM test_clocks c CROSS JOIN LATERAL (
            SELECT overdue_at FROM invoices WHERE tenant_id = c.tenant_id
            AND state = 'issued' AND overdue_at <= c.now_at ORDER BY overdue_at LIMIT 1) AS i
        WHERE c.tenant_id <> ALL (CAST(:but AS uuid[]))
        ORDER BY i.overdue_at LIMIT :most)
    ) AS i GROUP BY tenant_id ORDER BY min(overdue_at) LIMIT :most
    """
)
"""As `billing.repositories.accounts.DUE`: real time looks into the index of what falls overdue, and
each test clock at its own tenant's invoices.
"""
SUMMARY = [column for column in INVOICES.c if column.name not in {"body", "manifest"}]


@dataclass(frozen=True, slots=True)
class InvoiceFilter:
    """Which invoices to list; None leaves a question open. ``before`` is the last page's last.

    ``unpaid`` asks for those on which somebody still has to pay.
    """

    state: InvoiceState | None = None
    unpaid: bool = False
    currency: str | None = None
    dated_from: date | None = None
    dated_to: date | None = None
    tenant_id: TenantId | None = None
    number: str | None = None
    before: tuple[date, str] | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class InvoiceRepository:
    """The invoices of the session's tenant (of all tenants, in a staff session)."""

    session: AsyncSession

    async def parts_at(self, tenant_id: TenantId, currency_code: str, due_at: datetime) -> int:
        """Return how many invoices the tenant has of one due instant."""
        found = await self.session.scalar(
            select(func.count())
            .select_from(INVOICES)
            .where(INVOICES.c.tenant_id == tenant_id)
            .where(INVOICES.c.currency == currency_code)
            .where(INVOICES.c.due_at == due_at)
        )
        return found or 0

    async def get(self, invoice_id: InvoiceId) -> StoredInvoice:
        """Return an invoice with its frozen bytes.

        Raises:
            InvoiceNotFound: the tenant has none of that id.
        """
        row = (
            await self.session.execute(select(INVOICES).where(INVOICES.c.id == invoice_id))
        ).one_or_none()
        if row is None:
            raise _not_found(invoice_id)
        return StoredInvoice(summary_of(row), row.body, row.body_sha256, row.manifest)

    async def summary(self, invoice_id: InvoiceId) -> InvoiceSummary:
        """Return an invoice without its bytes.

        Raises:
            InvoiceNotFound: the tenant has none of that id.
        """
        query = select(*SUMMARY).where(INVOICES.c.id == invoice_id)
        row = (await self.session.execute(query)).one_or_none()
        if row is None:
            raise _not_found(invoice_id)
        return summary_of(row)

    async def lock(self, tenant_id: TenantId, invoice_id: InvoiceId) -> InvoiceSummary:
        """Return an invoice that nobody else settles before this transaction ends.

        Raises:
            InvoiceNotFound: the tenant has none of that id.
        """
        query = select(*SUMMARY).where(
            INVOICES.c.tenant_id == tenant_id, INVOICES.c.id == invoice_id
        )
        row = (await self.session.execute(query.with_for_update())).one_or_none()
        if row is None:
            raise _not_found(invoice_id)
        return summary_of(row)

    async def settle(
        self, invoice: InvoiceSummary, *, paid: Money, credited: Money, at: datetime
    ) -> InvoiceSummary:
        """Take amounts off what is unsettled of a locked invoice; with nothing left it is paid.

        A written-off invoice is paid like any other once all of it is settled after all.
        """
        settled = replace(invoice, paid=invoice.paid + paid, credited=invoice.credited + credited)
        if not settled.unsettled.minor:
            settled = replace(
                settled, state=InvoiceState.PAID, paid_at=at, ended_at=None, end_reason=None
            )
        await self._update(invoice, settled)
        if settled.state is InvoiceState.PAID and invoice.state is not InvoiceState.PAID:
            await send(self.session, [paid_event(settled, at)])
        return settled

    async def end(
        self, invoice: InvoiceSummary, state: InvoiceState, reason: str, at: datetime
    ) -> InvoiceSummary:
        """Void a locked invoice, or write it off."""
        ended = replace(invoice, state=state, ended_at=at, end_reason=reason)
        await self._update(invoice, ended)
        return ended

    async def mark_overdue(self, tenant_id: TenantId, now: datetime) -> list[InvoiceSummary]:
        """Mark what was payable by a day that is over, and return it."""
        rows = await self.session.execute(
            update(INVOICES)
            .where(INVOICES.c.tenant_id == tenant_id)
            .where(INVOICES.c.state == InvoiceState.ISSUED.value, INVOICES.c.overdue_at <= now)
            .values(state=InvoiceState.OVERDUE.value)
            .returning(*SUMMARY)
        )
        return [summary_of(row) for row in rows]

    async def next_overdue(self, tenant_id: TenantId, after: datetime) -> datetime | None:
        """Return when the next invoice falls overdue, later than ``after``."""
        found = await self.session.scalar(
            select(func.min(INVOICES.c.overdue_at))
            .where(INVOICES.c.tenant_id == tenant_id)
            .where(INVOICES.c.state == InvoiceState.ISSUED.value, INVOICES.c.overdue_at > after)
        )
        return None if found is None else found.astimezone(UTC)

    async def _update(self, before: InvoiceSummary, invoice: InvoiceSummary) -> None:
        await self.session.execute(
            update(INVOICES)
            .where(INVOICES.c.tenant_id == invoice.tenant_id, INVOICES.c.id == invoice.id)
            .values(
                state=invoice.state.value,
                paid_minor=invoice.paid.minor,
                credited_minor=invoice.credited.minor,
                paid_at=invoice.paid_at,
                ended_at=invoice.ended_at,
                end_reason=invoice.end_reason,
            )
        )
        if before.state is InvoiceState.OVERDUE and invoice.state is not InvoiceState.OVERDUE:
            # Whoever was restricted for it is restored without waiting for a job to find out.
            await enqueue(self.session, invoice.tenant_id, STANDING_DUE, {})

    async def list(self, wanted: InvoiceFilter) -> list[InvoiceSummary]:
        """Return invoices, the latest first."""
        rows = await self.session.execute(_filtered(select(*SUMMARY), wanted))
        return [summary_of(row) for row in rows]


def _filtered(query: Select[Any], wanted: InvoiceFilter) -> Select[Any]:
    conditions = {
        INVOICES.c.state: wanted.state and wanted.state.value,
        INVOICES.c.currency: wanted.currency,
        INVOICES.c.tenant_id: wanted.tenant_id,
        INVOICES.c.number: wanted.number,
    }
    for column, value in conditions.items():
        if value is not None:
            query = query.where(column == value)
    if wanted.unpaid:
        query = query.where(INVOICES.c.state.in_([state.value for state in OPEN_STATES]))
    if wanted.dated_from is not None:
        query = query.where(INVOICES.c.dated >= wanted.dated_from)
    if wanted.dated_to is not None:
        query = query.where(INVOICES.c.dated <= wanted.dated_to)
    if wanted.before is not None:
        mark = func.row(*wanted.before)
        query = query.where(func.row(INVOICES.c.dated, INVOICES.c.number) < mark)
    order = (INVOICES.c.dated.desc(), INVOICES.c.number.desc())
    return query.order_by(*order).limit(wanted.limit)


def summary_of(row: Row[Any]) -> InvoiceSummary:
    """Read an invoice's row, without its bytes."""
    code = currency(row.currency)

    def money(minor: int) -> Money:
        return Money(minor, code)

    return InvoiceSummary(
        tenant_id=TenantId(row.tenant_id),
        id=InvoiceId(row.id),
        number=row.number,
        entity=row.entity,
        due_at=row.due_at.astimezone(UTC),
        dated=row.dated,
        payable_by=row.payable_by,
        subtotal=money(row.subtotal_minor),
        discount=money(row.discount_minor),
        net=money(row.net_minor),
        tax=money(row.tax_minor),
        total=money(row.total_minor),
        applied=money(row.applied_minor),
        due=money(row.due_minor),
        paid=money(row.paid_minor),
        credited=money(row.credited_minor),
        state=InvoiceState(row.state),
        issued_at=row.issued_at.astimezone(UTC),
        paid_at=_utc(row.paid_at),
        ended_at=_utc(row.ended_at),
        end_reason=row.end_reason,
        purchase_order=row.purchase_order,
    )


def _utc(at: datetime | None) -> datetime | None:
    return None if at is None else at.astimezone(UTC)


async def overdue_tenants(
    system: AsyncSession, now: datetime, most: int, but: Collection[TenantId] = ()
) -> list[TenantId]:
    """Return tenants of whom an invoice fell overdue by their own clocks, for the system.

    Of real time's, those of the ``most`` invoices that fell overdue first, ``but`` for these
    tenants' invoices.
    """
    rows = await system.scalars(OVERDUE, {"now": now, "most": most, "but": list(but)})
    return [TenantId(row) for row in rows]


def _not_found(invoice_id: InvoiceId) -> InvoiceNotFound:
    return InvoiceNotFound(invoice_id=format_id("inv", invoice_id))
