"""Which shared invoices become one consolidated invoice, and what that says."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from billing.domain.groups.records import Cadence, SharedInvoice
from control_plane.kernel.ids import TenantId, format_id
from control_plane.kernel.money import Money

FORMAT = 2

Body = Mapping[str, Any]


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
    number: str, dated: date, zone: str, parties: tuple[Body, Body], batch: Batch, parent: TenantId
) -> dict[str, Any]:
    """Return what `canonical_json` freezes of a consolidated invoice; amounts are minor units.

    ``parties`` are the seller and the buyer, as documents name them. ``total_minor`` is what is to
    be paid: what the invoices came to, less what settled a part of them before.
    """
    seller, buyer = parties
    entries = [_entry(invoice) for invoice in batch.invoices]
    invoiced = sum(entry["total_minor"] for entry in entries)
    return {
        "kind": "consolidated_invoice",
        "format": FORMAT,
        "number": number,
        "tenant": format_id("ten", parent),
        "seller": dict(seller),
        "buyer": dict(buyer),
        "currency": batch.total.currency.code,
        "zone": zone,
        "first_day": batch.first_day.isoformat(),
        "last_day": batch.last_day.isoformat(),
        "date": dated.isoformat(),
        "payable_by": batch.payable_by.isoformat(),
        "invoices": entries,
        "taxes": _taxes(batch.invoices),
        **_centres(batch.invoices),
        "net_minor": sum(entry["net_minor"] for entry in entries),
        "tax_minor": sum(entry["tax_minor"] for entry in entries),
        "invoiced_minor": invoiced,
        "settled_minor": invoiced - batch.total.minor,
        "total_minor": batch.total.minor,
    }


def _entry(invoice: SharedInvoice) -> dict[str, Any]:
    body = invoice.content
    return {
        "child": format_id("ten", invoice.child_id),
        "child_name": invoice.child_name,
        "invoice": format_id("inv", invoice.invoice_id),
        "number": invoice.number,
        "date": invoice.dated.isoformat(),
        "payable_by": invoice.payable_by.isoformat(),
        "purchase_order": body.get("purchase_order"),
        "lines": [_line(line) for line in body["lines"]],
        "net_minor": body.get("net_minor", invoice.total.minor),
        "tax_minor": body.get("tax_minor", 0),
        "total_minor": invoice.total.minor,
        "settled_minor": (invoice.total - invoice.open).minor,
        "open_minor": invoice.open.minor,
    }


def _line(line: Body) -> dict[str, Any]:
    return {
        "item_name": line["item_name"],
        "name": line["name"],
        "first_day": line["first_day"],
        "last_day": line["last_day"],
        "net_minor": line.get("net_minor", line["amount_minor"]),
    }


def _taxes(invoices: Iterable[SharedInvoice]) -> list[dict[str, Any]]:
    """Add the invoices' own tax groups up, by code and rate; nothing is computed anew."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for group in (g for invoice in invoices for g in invoice.content.get("taxes", ())):
        key = (group["code"], group["rate"])
        known = found.setdefault(key, {**group, "base_minor": 0, "tax_minor": 0})
        known["base_minor"] += group["base_minor"]
        known["tax_minor"] += group["tax_minor"]
    return [found[key] for key in sorted(found)]


def _centres(invoices: Iterable[SharedInvoice]) -> dict[str, Any]:
    """Add the shares of cost centres up, net; nothing where no invoice names any."""
    found: dict[str, int] = {}
    lines = (line for invoice in invoices for line in invoice.content["lines"])
    for share in (share for line in lines for share in line.get("cost_centres", ())):
        centre = share["cost_centre"]
        found[centre] = found.get(centre, 0) + share["net_minor"]
    said = [{"cost_centre": name, "net_minor": found[name]} for name in sorted(found)]
    return {"cost_centres": said} if said else {}


def consolidated_number(prefix: str, year: int, place: int) -> str:
    """Return a number in a series of its own: ``TY-G-2026-000001``."""
    return f"{prefix}-G-{year}-{place:06d}"


def in_turn(invoices: Iterable[SharedInvoice]) -> list[SharedInvoice]:
    """Return invoices in the order in which payments settle them: due first, then by number."""
    return sorted(invoices, key=lambda i: (i.payable_by, i.number, i.invoice_id))
