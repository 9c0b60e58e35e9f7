"""Which shared invoices become one consolidated invoice, and what that says."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from billing.domain.groups.records import Cadence, SharedInvoice
from control_plane.kernel.ids import TenantId, format_id
from control_plane.kernel.money import Money

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Batch:
    """Invoices of one seller, currency and date (or month), in the order of their numbers."""

    entity: str
    first_day: date
    last_day: date
    invoices: tuple[SharedInvoice, ...]

    @property
    def total(self) -> Money:
        """The sum of what is open."""
        return Money.total((i.open for i in self.invoices), self.invoices[0].open.currency)

    @property
    def payable_by(self) -> date:
        """The earliest day on which any of them is due, so that none falls overdue."""
        return min(invoice.payable_by for invoice in self.invoices)


def batches(invoices: Iterable[SharedInvoice], cadence: Cadence, today: date) -> tuple[Batch, ...]:
    """Return what can be consolidated: only days (months) that are over, and what is open.

    Args:
        invoices: shared, paid by the parent, in no consolidated invoice yet.
        cadence: how the parent wants them together.
        today: the parent's local day.
    """
    found: dict[tuple[str, str, date, date], list[SharedInvoice]] = {}
    for invoice in invoices:
        first, last = span_of(invoice.dated, cadence)
        if invoice.open.minor > 0 and last < today:
            key = (invoice.entity, invoice.open.currency.code, first, last)
            found.setdefault(key, []).append(invoice)
    return tuple(
        Batch(entity, first, last, tuple(sorted(group, key=lambda i: (i.number, i.invoice_id))))
        for (entity, _, first, last), group in sorted(found.items(), key=lambda e: e[0])
    )


def span_of(day: date, cadence: Cadence) -> tuple[date, date]:
    """Return the first and the last day that are consolidated with ``day``."""
    if cadence is Cadence.DATE:
        return day, day
    first = day.replace(day=1)
    after = (first + timedelta(days=32)).replace(day=1)
    return first, after - timedelta(days=1)


def consolidated_body(
    number: str, parent_id: TenantId, parent_name: str, dated: date, batch: Batch
) -> dict[str, Any]:
    """Return what `canonical_json` freezes of a consolidated invoice; amounts are minor units."""
    return {
        "kind": "consolidated_invoice",
        "format": FORMAT,
        "number": number,
        "tenant": format_id("ten", parent_id),
        "buyer": parent_name,
        "seller": batch.invoices[0].content["seller"],
        "currency": batch.total.currency.code,
        "first_day": batch.first_day.isoformat(),
        "last_day": batch.last_day.isoformat(),
        "date": dated.isoformat(),
        "payable_by": batch.payable_by.isoformat(),
        "invoices": [_line(invoice) for invoice in batch.invoices],
        "total_minor": batch.total.minor,
    }


def _line(invoice: SharedInvoice) -> dict[str, Any]:
    return {
        "child": format_id("ten", invoice.child_id),
        "child_name": invoice.child_name,
        "invoice": format_id("inv", invoice.invoice_id),
        "number": invoice.number,
        "date": invoice.dated.isoformat(),
        "payable_by": invoice.payable_by.isoformat(),
        "total_minor": invoice.total.minor,
        "open_minor": invoice.open.minor,
    }


def consolidated_number(prefix: str, year: int, place: int) -> str:
    """Return a number in a series of its own: ``TY-G-2026-000001``."""
    return f"{prefix}-G-{year}-{place:06d}"


def settlement_reference(number: str, invoices: Sequence[SharedInvoice], at: int) -> str:
    """Return the reference under which one child's invoice is settled: unique, and repeatable."""
    return f"{number}/{invoices[at].number}"
