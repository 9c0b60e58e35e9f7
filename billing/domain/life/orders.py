"""What a quote promises to start, as JSON that is frozen with it, and back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from billing.domain.life.requests import Alignment, BookingWanted, StartWanted
from control_plane.kernel.calendar import Interval, instant_text, parse_instant
from control_plane.kernel.ids import AddonVersionId, PlanVersionId
from control_plane.subscriptions.terms_codec import (
    money_body,
    money_from_body,
    terms_body,
    terms_from_body,
)


@dataclass(frozen=True, slots=True)
class Order:
    """A subscription with its add-ons, versions and prices fixed."""

    start: StartWanted
    bookings: tuple[BookingWanted, ...] = ()


def order_body(order: Order) -> dict[str, Any]:
    """Return an order as JSON values."""
    start = order.start
    return {
        "plan": start.plan_code,
        "plan_version": None if start.plan_version is None else str(start.plan_version),
        "interval": start.interval.value,
        "count": start.count,
        "currency": start.currency_code,
        "starts_at": _text(start.starts_at),
        "trial": start.trial,
        "trial_end": _text(start.trial_end),
        "alignment": start.alignment.value,
        "quantities": dict(start.quantities),
        "terms": None if start.terms is None else terms_body(start.terms),
        "bookings": [_booking_body(booking) for booking in order.bookings],
    }


def order_from_body(body: Mapping[str, Any]) -> Order:
    """Read back what `order_body` wrote."""
    version, terms = body["plan_version"], body["terms"]
    start = StartWanted(
        plan_code=body["plan"],
        interval=Interval(body["interval"]),
        count=body["count"],
        currency_code=body["currency"],
        starts_at=_instant(body["starts_at"]),
        trial=body["trial"],
        trial_end=_instant(body["trial_end"]),
        alignment=Alignment(body["alignment"]),
        quantities=body["quantities"],
        terms=None if terms is None else terms_from_body(terms),
        plan_version=None if version is None else PlanVersionId(UUID(version)),
    )
    return Order(start, tuple(_booking(booking) for booking in body["bookings"]))


def _booking_body(booking: BookingWanted) -> dict[str, Any]:
    version, price = booking.addon_version, booking.price
    return {
        "addon": booking.addon_code,
        "addon_version": None if version is None else str(version),
        "starts_at": _text(booking.starts_at),
        "ends_at": _text(booking.ends_at),
        "quantity": booking.quantity,
        "price": None if price is None else money_body(price),
    }


def _booking(body: Mapping[str, Any]) -> BookingWanted:
    version, price = body["addon_version"], body["price"]
    return BookingWanted(
        addon_code=body["addon"],
        starts_at=_instant(body["starts_at"]),
        ends_at=_instant(body["ends_at"]),
        quantity=body["quantity"],
        addon_version=None if version is None else AddonVersionId(UUID(version)),
        price=None if price is None else money_from_body(price),
    )


def _text(at: datetime | None) -> str | None:
    return None if at is None else instant_text(at)


def _instant(text: str | None) -> datetime | None:
    return None if text is None else parse_instant(text)
