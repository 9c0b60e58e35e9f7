"""What making and accepting a quote share: the order laid out, its first invoice, its promise."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from billing.changing import Quote
from billing.closing import Books
from billing.domain.life.orders import Order
from billing.domain.life.requests import BookingWanted
from billing.services.subscriptions.booking import propose_booking
from billing.services.subscriptions.desk import Desk
from billing.services.subscriptions.starting import propose_start
from billing.services.subscriptions.weighing import Weighing
from control_plane.catalog.repository import CatalogRepository
from control_plane.kernel.canonical import canonical_json, sha256_hex
from control_plane.subscriptions.domain import BookAddon, Timeline

_PROMISED = ("kind", "item", "charge", "amount_minor", "net_minor")
"""What of a line a quote promises: what for and how much, not the days of a start left open."""


@dataclass(frozen=True, slots=True)
class LaidOrder:
    """An order as a timeline that is not recorded, with its first documents.

    ``order`` has every version, window and price fixed.
    """

    desk: Desk
    order: Order
    timeline: Timeline
    quote: Quote

    @property
    def starts_at(self) -> datetime:
        """When the subscription starts."""
        return self.timeline.started_at

    @property
    def promise(self) -> str:
        """The digest of what acceptance must come to: every amount, not the balance then."""
        said = {
            "lines": [
                {name: line[name] for name in _PROMISED}
                for body in self.quote.invoices
                for line in body["lines"]
            ],
            "totals": [
                [body["net_minor"], body["tax_minor"], body["total_minor"]]
                for body in self.quote.invoices
            ],
        }
        return sha256_hex(canonical_json(said))


async def lay_order(
    weighing: Weighing, session: AsyncSession, books: Books, order: Order
) -> LaidOrder:
    """Lay an order out as of now, and price its first invoice, of now or of its later start.

    Raises:
        TallyardError: whatever a start or a booking refuses.
    """
    desk = await _desk(weighing, session, books, order)
    proposal = propose_start(desk, order.start)
    timeline = proposal.longer
    desk = replace(desk, at=max(desk.at, timeline.started_at))
    known = {
        **desk.quoted_plans,
        timeline.start.plan_version_id: desk.plan(order.start.plan_code, order.start.plan_version),
    }
    desk = replace(desk, quoted_plans=known)
    bookings = []
    for wanted in order.bookings:
        timeline = propose_booking(desk, timeline, wanted).longer
        bookings.append(_fixed(wanted, timeline))
    start = replace(order.start, plan_version=timeline.start.plan_version_id)
    fixed = Order(start, tuple(bookings))
    quote = await weighing.changing.quote(session, books, timeline, desk.at)
    return LaidOrder(desk, fixed, timeline, quote)


def _fixed(wanted: BookingWanted, timeline: Timeline) -> BookingWanted:
    """Return a booking as it was just laid out: its version, its window, its price."""
    action = timeline.changes[-1].action
    if not isinstance(action, BookAddon):
        raise TypeError("a booking was laid out")
    return BookingWanted(
        addon_code=wanted.addon_code,
        starts_at=action.window.start,
        ends_at=action.window.end,
        quantity=action.quantity,
        addon_version=action.addon_version_id,
        price=action.price,
    )


async def _desk(weighing: Weighing, session: AsyncSession, books: Books, order: Order) -> Desk:
    desk = await weighing.desk(session, books, books.now, staff=True, request=order.start)
    ids = [b.addon_version for b in order.bookings if b.addon_version is not None]
    addons = await CatalogRepository(session).addon_versions(ids)
    return replace(desk, quoted_addons=addons)
