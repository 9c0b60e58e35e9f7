"""Make a quote: an exact offer, frozen and numbered."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.life.errors import ExpectedUsageUnpriced, QuoteValidityInvalid
from billing.domain.life.fees import Held, recurring_fee
from billing.domain.life.orders import Order, order_body
from billing.domain.life.purchase_orders import normal_purchase_order
from billing.domain.life.quotes import SalesQuote
from billing.domain.life.standing import nearest
from billing.domain.pricing import price_usage
from billing.mailing import readers_of
from billing.repositories.quotes import QuoteRepository
from billing.services.quotes.quoting import LaidOrder, lay_order
from billing.services.subscriptions.weighing import Weighing
from control_plane.audit.record import record
from control_plane.catalog.domain import Charge, Text
from control_plane.kernel.calendar import instant_text, local_date
from control_plane.kernel.canonical import canonical_json, sha256_hex
from control_plane.kernel.exact import quantity_text
from control_plane.kernel.ids import QuoteId, TenantId, format_id, new_id
from control_plane.kernel.money import Money
from control_plane.runtime.outbox import enqueue
from control_plane.runtime.topics import MAIL_REQUESTED
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.domain import Organisation


@dataclass(frozen=True, slots=True)
class QuoteWanted:
    """What the vendor offers.

    ``expected_usage`` (a quantity by meter) only serves the estimate per period.
    """

    order: Order
    valid_until: datetime
    purchase_order: str | None = None
    note: str | None = None
    expected_usage: Mapping[str, Decimal] | None = None


@dataclass(frozen=True, slots=True)
class MakeQuote:
    """Offer a subscription to one organisation, with its exact first invoice."""

    work: UnitOfWork
    weighing: Weighing

    async def __call__(self, *, tenant_id: TenantId, wanted: QuoteWanted, actor: str) -> SalesQuote:
        """Freeze the offer under the next number, and mail it to who is told of invoices.

        Raises:
            QuoteValidityInvalid: it would be valid for no time, or beyond its own start.
            ExpectedUsageUnpriced: the quoted price has no charge by a meter of ``expected_usage``.
            PurchaseOrderInvalid: the purchase order is too long or not printable.
            TallyardError: whatever a start or a booking refuses.
        """
        async with self.work(tenant_id) as session:
            laid = await self._laid(session, tenant_id, wanted)
            books, repository = laid.desk.books, QuoteRepository(session)
            year = local_date(books.now, books.organisation.zone).year
            quote = _quote(laid, wanted, await repository.next_number(year), actor)
            await repository.add(quote)
            await _tell(session, books.organisation, quote)
            facts = {"number": quote.number, "sha256": quote.sha256}
            await record(
                session, tenant_id, actor, "quote.made", "quote", format_id("quo", quote.id), facts
            )
            return quote

    async def preview(self, *, tenant_id: TenantId, wanted: QuoteWanted, actor: str) -> SalesQuote:
        """Return the quote as it would be, without a number; nothing is kept or sent.

        Raises:
            TallyardError: whatever making it refuses.
        """
        async with self.work(tenant_id) as session:
            laid = await self._laid(session, tenant_id, wanted)
            return _quote(laid, wanted, "", actor)

    async def _laid(
        self, session: AsyncSession, tenant_id: TenantId, wanted: QuoteWanted
    ) -> LaidOrder:
        books = await self.weighing.changing.current_books(session, tenant_id)
        latest = wanted.order.start.starts_at or wanted.valid_until
        if not books.now < wanted.valid_until <= latest:
            until = instant_text(wanted.valid_until)
            raise QuoteValidityInvalid(valid_until=until, field="valid_until")
        normal_purchase_order(wanted.purchase_order)
        laid = await lay_order(self.weighing, session, books, wanted.order)
        _require_priced(laid, wanted.expected_usage or {})
        return laid


def _require_priced(laid: LaidOrder, expected: Mapping[str, Decimal]) -> None:
    """Refuse an estimate by usage that the quoted price charges nothing for."""
    meters = {charge.meter for charge in _held(laid).price.charges}
    for meter in expected:
        if meter not in meters:
            raise ExpectedUsageUnpriced(value=meter[:40], field=f"expected_usage.{meter[:40]}")


def _held(laid: LaidOrder) -> Held:
    return laid.desk.held(laid.timeline, nearest(laid.timeline, laid.starts_at))


def _quote(laid: LaidOrder, wanted: QuoteWanted, number: str, actor: str) -> SalesQuote:
    body = _body(laid, wanted, number)
    return SalesQuote(
        id=QuoteId(new_id()),
        tenant_id=laid.desk.books.account.tenant_id,
        number=number,
        body=body,
        sha256=sha256_hex(canonical_json(body)),
        promise=laid.promise,
        valid_until=wanted.valid_until,
        made_at=laid.desk.books.now,
        made_by=actor,
    )


async def _tell(session: AsyncSession, organisation: Organisation, quote: SalesQuote) -> None:
    """Ask for the mails; the link in them leads to the quote."""
    fields = {
        "quote_id": str(quote.id),
        "number": quote.number,
        "organisation": organisation.name,
        "day": local_date(quote.valid_until, organisation.zone).isoformat(),
    }
    for reader in await readers_of(session, organisation):
        payload = {
            "to": reader,
            "template": "quote_made",
            "fields": fields,
            "language": organisation.language,
        }
        await enqueue(session, organisation.id, MAIL_REQUESTED, payload)


def _body(laid: LaidOrder, wanted: QuoteWanted, number: str) -> dict[str, Any]:
    books, start = laid.desk.books, laid.order.start
    segment = nearest(laid.timeline, laid.starts_at)
    plan = laid.desk.version(segment)
    starts_at, trial_end = start.starts_at, laid.timeline.trial_end
    return {
        "kind": "quote",
        "format": 1,
        "number": number,
        "tenant": format_id("ten", books.account.tenant_id),
        "customer": books.organisation.name,
        "currency": laid.timeline.currency,
        "zone": books.organisation.zone,
        "made_at": instant_text(books.now),
        "valid_until": instant_text(wanted.valid_until),
        "starts_at": None if starts_at is None else instant_text(starts_at),
        "trial_end": None if trial_end is None else instant_text(trial_end),
        "plan": {
            "label": plan.label,
            "name": _words(plan.name),
            "interval": segment.interval.value,
            "count": segment.count,
            "quantities": dict(segment.quantities),
            "components": {
                charge.quantity: _words(charge.name)
                for charge in laid.desk.held(laid.timeline, segment).price.charges
                if charge.quantity is not None
            },
        },
        "addons": [_addon(laid, n) for n in range(len(laid.order.bookings))],
        "first_invoice": _first_invoice(laid),
        "per_period": _per_period(laid, wanted.expected_usage or {}),
        "purchase_order": normal_purchase_order(wanted.purchase_order),
        "note": wanted.note,
        "order": order_body(laid.order),
    }


def _addon(laid: LaidOrder, place: int) -> dict[str, Any]:
    booking = laid.order.bookings[place]
    action = [c.action for c in laid.timeline.changes[1:]][place]
    addon = laid.desk.addon(booking.addon_code, booking.addon_version)
    if booking.price is None:
        raise TypeError("a quoted booking has its price")
    return {
        "label": addon.label,
        "name": _words(addon.name),
        "start": instant_text(action.window.start),  # type: ignore[union-attr]  # a booking
        "end": instant_text(action.window.end),  # type: ignore[union-attr]  # a booking
        "quantity": booking.quantity,
        "price_minor": booking.price.minor,
    }


def _first_invoice(laid: LaidOrder) -> dict[str, Any]:
    quote = laid.quote
    return {
        "due_at": instant_text(laid.starts_at),
        "lines": [line for body in quote.invoices for line in _shown(body)],
        "discount_minor": sum(body["discount_minor"] for body in quote.invoices),
        "net_minor": quote.net.minor,
        "tax_minor": quote.tax.minor,
        "total_minor": quote.total.minor,
    }


def _shown(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    names = ("item_name", "name", "start", "end", "first_day", "last_day", "amount_minor")
    return [{name: line[name] for name in names} for line in body["lines"]]


def _per_period(laid: LaidOrder, expected: Mapping[str, Decimal]) -> dict[str, Any]:
    """Estimate what recurs: the fees, and the price of the usage that is expected."""
    held = _held(laid)
    fee = recurring_fee(held)
    usage = []
    total = fee
    for charge in (c for c in held.price.charges if c.meter in expected):
        quantity = expected[charge.meter or ""]
        exact = price_usage(charge, quantity, Fraction(1), held.policies).amount
        amount = Money.rounded(exact, held.price.currency)
        total += amount
        usage.append(_expected(charge, quantity, amount))
    return {"fee_minor": fee.minor, "usage": usage, "total_minor": total.minor}


def _expected(charge: Charge, quantity: Decimal, amount: Money) -> dict[str, Any]:
    return {
        "charge": charge.code,
        "name": _words(charge.name),
        "quantity": quantity_text(quantity),
        "amount_minor": amount.minor,
    }


def _words(text: Text) -> dict[str, str]:
    return {"en": text.en, "zh": text.zh}
