"""Invoices: issued once, read often."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.invoice import Heading
from billing.domain.rating import InvoiceLine
from billing.domain.records import InvoiceState, InvoiceSummary, StoredInvoice
from billing.errors import InvoiceNotFound
from billing.models import INVOICE_LINES, INVOICES
from control_plane.kernel.calendar import instant_text, local_day_start
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import InvoiceId, TenantId, format_id, new_id
from control_plane.kernel.money import Money

_DRAW = text(
    """
    INSERT INTO invoice_numbers (entity, year, last) VALUES (:entity, :year, 1)
    ON CONFLICT (entity, series, year) DO UPDATE SET last = invoice_numbers.last + 1 RETURNING last
    """
)
_ADD_LINES = text(
    """
    INSERT INTO invoice_lines (tenant_id, invoice_id, id, position, line_key, kind, subscription_id,
        charge_code, due_at, amount_minor, cutoff, item_key, revision, service_start, service_end,
        net_minor)
    SELECT :tenant_id, :invoice_id, l.* FROM jsonb_to_recordset(CAST(:lines AS jsonb)) AS l (
        id uuid, position integer, line_key text, kind text, subscription_id uuid,
        charge_code text, due_at timestamptz, amount_minor bigint, cutoff text, item_key text,
        revision integer, service_start timestamptz, service_end timestamptz, net_minor bigint)
    """
)
_SUMMARY = [column for column in INVOICES.c if column.name not in {"body", "manifest"}]


@dataclass(frozen=True, slots=True)
class InvoiceFilter:
    """Which invoices to list; None leaves a question open. ``before`` is the last page's last."""

    state: InvoiceState | None = None
    currency: str | None = None
    dated_from: date | None = None
    dated_to: date | None = None
    tenant_id: TenantId | None = None
    number: str | None = None
    before: tuple[date, str] | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class NewInvoice:
    """An invoice about to be kept."""

    id: InvoiceId
    heading: Heading
    entity: str
    place: int
    total: Money
    body: bytes
    body_sha256: str
    manifest: bytes
    issued_at: datetime


@dataclass(frozen=True, slots=True)
class InvoiceRepository:
    """The invoices of the session's tenant (of all tenants, in a staff session)."""

    session: AsyncSession

    async def invoiced(self, tenant_id: TenantId, keys: Iterable[str]) -> Mapping[str, str | None]:
        """Return those of the line keys that were invoiced, with the cut-offs they were read by."""
        wanted = list(keys)
        if not wanted:
            return {}
        rows = await self.session.execute(
            select(INVOICE_LINES.c.line_key, INVOICE_LINES.c.cutoff)
            .where(INVOICE_LINES.c.tenant_id == tenant_id)
            .where(INVOICE_LINES.c.line_key.in_(wanted))
        )
        return {row.line_key: row.cutoff for row in rows}

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

    async def draw_place(self, entity: str, year: int) -> int:
        """Draw the next number of a legal entity's year.

        Nobody else draws from the series before this transaction ends, and a rollback gives the
        number back: draw last, just before the commit.
        """
        place = await self.session.scalar(_DRAW, {"entity": entity, "year": year})
        return int(place or 0)

    async def add_lines(
        self,
        tenant_id: TenantId,
        invoice_id: InvoiceId,
        lines: Sequence[InvoiceLine],
        cutoffs: Mapping[str, str | None],
    ) -> None:
        """Keep the lines. A key that was invoiced before violates its unique constraint."""
        rows = [
            {
                "id": str(new_id()),
                "position": position,
                "line_key": line.key,
                "kind": line.kind.value,
                "subscription_id": str(line.subscription_id),
                "charge_code": line.charge_code,
                "due_at": instant_text(line.due_at),
                "amount_minor": line.amount.minor,
                "cutoff": cutoffs.get(line.key),
                "item_key": line.key,
                "revision": 1,
                "service_start": instant_text(line.service.start),
                "service_end": instant_text(line.service.end),
                "net_minor": line.amount.minor,
            }
            for position, line in enumerate(lines, start=1)
        ]
        owner = {"tenant_id": tenant_id, "invoice_id": invoice_id, "lines": json.dumps(rows)}
        await self.session.execute(_ADD_LINES, owner)

    async def add(self, invoice: NewInvoice) -> InvoiceSummary:
        """Keep an invoice; one over nothing is paid from the start."""
        heading = invoice.heading
        paid_at = None if invoice.total.minor else invoice.issued_at
        summary = InvoiceSummary(
            tenant_id=heading.tenant_id,
            id=invoice.id,
            number=heading.number,
            due_at=heading.due_at,
            dated=heading.dated,
            payable_by=heading.payable_by,
            total=invoice.total,
            state=InvoiceState.ISSUED if paid_at is None else InvoiceState.PAID,
            issued_at=invoice.issued_at,
            paid_at=paid_at,
        )
        values = {
            "tenant_id": heading.tenant_id,
            "id": invoice.id,
            "number": heading.number,
            "entity": invoice.entity,
            "year": heading.dated.year,
            "place": invoice.place,
            "currency": heading.currency.code,
            "due_at": heading.due_at,
            "part": heading.part,
            "dated": heading.dated,
            "payable_by": heading.payable_by,
            "total_minor": invoice.total.minor,
            "subtotal_minor": invoice.total.minor,
            "net_minor": invoice.total.minor,
            "due_minor": invoice.total.minor,
            "overdue_at": local_day_start(heading.payable_by + timedelta(days=1), heading.zone),
            "body": invoice.body,
            "body_sha256": invoice.body_sha256,
            "manifest": invoice.manifest,
            "state": summary.state.value,
            "issued_at": invoice.issued_at,
            "paid_at": paid_at,
        }
        await self.session.execute(INVOICES.insert(), values)
        return summary

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
        return StoredInvoice(_summary(row), row.body, row.body_sha256, row.manifest)

    async def lock(self, tenant_id: TenantId, invoice_id: InvoiceId) -> InvoiceSummary:
        """Return an invoice that nobody else settles before this transaction ends.

        Raises:
            InvoiceNotFound: the tenant has none of that id.
        """
        query = select(*_SUMMARY).where(
            INVOICES.c.tenant_id == tenant_id, INVOICES.c.id == invoice_id
        )
        row = (await self.session.execute(query.with_for_update())).one_or_none()
        if row is None:
            raise _not_found(invoice_id)
        return _summary(row)

    async def mark_paid(self, tenant_id: TenantId, invoice_id: InvoiceId, at: datetime) -> None:
        """Record that nothing is open any more."""
        await self.session.execute(
            update(INVOICES)
            .where(INVOICES.c.tenant_id == tenant_id, INVOICES.c.id == invoice_id)
            .values(state=InvoiceState.PAID.value, paid_at=at, paid_minor=INVOICES.c.due_minor)
        )

    async def list(self, wanted: InvoiceFilter) -> list[InvoiceSummary]:
        """Return invoices, the latest first."""
        rows = await self.session.execute(_filtered(select(*_SUMMARY), wanted))
        return [_summary(row) for row in rows]


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
    if wanted.dated_from is not None:
        query = query.where(INVOICES.c.dated >= wanted.dated_from)
    if wanted.dated_to is not None:
        query = query.where(INVOICES.c.dated <= wanted.dated_to)
    if wanted.before is not None:
        mark = func.row(*wanted.before)
        query = query.where(func.row(INVOICES.c.dated, INVOICES.c.number) < mark)
    order = (INVOICES.c.dated.desc(), INVOICES.c.number.desc())
    return query.order_by(*order).limit(wanted.limit)


def _summary(row: Row[Any]) -> InvoiceSummary:
    return InvoiceSummary(
        tenant_id=TenantId(row.tenant_id),
        id=InvoiceId(row.id),
        number=row.number,
        due_at=row.due_at.astimezone(UTC),
        dated=row.dated,
        payable_by=row.payable_by,
        total=Money(row.total_minor, currency(row.currency)),
        state=InvoiceState(row.state),
        issued_at=row.issued_at.astimezone(UTC),
        paid_at=None if row.paid_at is None else row.paid_at.astimezone(UTC),
    )


def _not_found(invoice_id: InvoiceId) -> InvoiceNotFound:
    return InvoiceNotFound(invoice_id=format_id("inv", invoice_id))
