"""An invoice as canonical JSON: frozen when it is issued, and never edited.

The body holds everything a reader sees. It says nothing of when the run happened that made it: an
invoice made three days late has the bytes it would have had on time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from billing.rating.v2026_1.rating import InvoiceLine
from control_plane.catalog.domain import Text
from control_plane.kernel.calendar import instant_text, local_date
from control_plane.kernel.currency import Currency
from control_plane.kernel.exact import quantity_text
from control_plane.kernel.ids import TenantId, format_id
from control_plane.kernel.money import Money

FORMAT = 1
PAYMENT_TERM_DAYS = 14


class NegativeInvoice(AssertionError):
    """The lines due at one instant add up to less than nothing, which no rule here permits."""


@dataclass(frozen=True, slots=True)
class Party:
    """Who sells or buys, as named on the invoice."""

    name: str
    reference: str


@dataclass(frozen=True, slots=True)
class Heading:
    """What an invoice says above its lines.

    ``part`` counts the invoices of one due instant from 0: a later change at the very same instant
    (test clocks stand still) gets an invoice of its own.
    """

    number: str
    tenant_id: TenantId
    seller: Party
    buyer: Party
    currency: Currency
    zone: str
    due_at: datetime
    part: int

    @property
    def dated(self) -> date:
        """The local day on which it fell due, whenever the run happened."""
        return local_date(self.due_at, self.zone)

    @property
    def payable_by(self) -> date:
        """The last day of the payment term."""
        return self.dated + timedelta(days=PAYMENT_TERM_DAYS)


def invoice_total(lines: Sequence[InvoiceLine], currency: Currency) -> Money:
    """Return the sum of the lines, which is what is to be paid: no tax is computed yet.

    Raises:
        NegativeInvoice: the credits outweigh the charges.
    """
    total = Money.total((line.amount for line in lines), currency)
    if total.minor < 0:
        raise NegativeInvoice(f"lines {[line.key for line in lines]} add up to {total}")
    return total


def invoice_body(heading: Heading, lines: Sequence[InvoiceLine]) -> dict[str, object]:
    """Return what `canonical_json` freezes. Amounts are minor units, quantities texts."""
    return {
        "kind": "invoice",
        "format": FORMAT,
        "number": heading.number,
        "tenant": format_id("ten", heading.tenant_id),
        "seller": _party(heading.seller),
        "buyer": _party(heading.buyer),
        "currency": heading.currency.code,
        "zone": heading.zone,
        "due_at": instant_text(heading.due_at),
        "part": heading.part,
        "date": heading.dated.isoformat(),
        "payable_by": heading.payable_by.isoformat(),
        "lines": [_line(line) for line in lines],
        "total_minor": invoice_total(lines, heading.currency).minor,
    }


def _line(line: InvoiceLine) -> dict[str, object]:
    first, last = service_days(line)
    return {
        "key": line.key,
        "kind": line.kind.value,
        "subscription": format_id("sub", line.subscription_id),
        "item": line.item,
        "item_name": _text(line.item_name),
        "charge": line.charge_code,
        "name": _text(line.name),
        "start": instant_text(line.service.start),
        "end": instant_text(line.service.end),
        "first_day": first.isoformat(),
        "last_day": last.isoformat(),
        "quantity": None if line.quantity is None else quantity_text(line.quantity),
        "unit": None if line.unit is None else _text(line.unit),
        "amount_minor": line.amount.minor,
        "steps": [dict(step) for step in line.steps],
    }


def service_days(line: InvoiceLine) -> tuple[date, date]:
    """Return the first and the last local day a line pays for; a day belongs to the later state."""
    first = local_date(line.service.start, line.zone)
    last = local_date(line.service.end, line.zone) - timedelta(days=1)
    return first, max(first, last)


def _party(party: Party) -> dict[str, object]:
    return {"name": party.name, "reference": party.reference}


def _text(text: Text) -> dict[str, object]:
    return {"en": text.en, "zh": text.zh}
