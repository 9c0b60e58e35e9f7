"""The add-ons of a timeline, as they are booked now."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from control_plane.kernel.ids import ChangeId
from control_plane.subscriptions.domain.changes import (
    AddonBooking,
    BookAddon,
    CancelBooking,
    Change,
    ChangeBooking,
    Life,
)


def laid_bookings(changes: Iterable[Change], lives: Sequence[Life]) -> tuple[AddonBooking, ...]:
    """Return the bookings in the order of booking, cancelled ones too.

    A life that ends before a booking's window does, ends the booking.
    """
    found: dict[ChangeId, AddonBooking] = {}
    for change in changes:
        match change.action:
            case BookAddon() as action:
                found[change.id] = _booked(change, action)
            case ChangeBooking(booking, window) if booking in found:
                found[booking] = replace(found[booking], window=window)
            case CancelBooking(booking) if booking in found:
                found[booking] = replace(found[booking], cancelled_at=change.effective_at)
            case _:
                pass
    return tuple(_ended(booking, lives) for booking in found.values())


def _booked(change: Change, action: BookAddon) -> AddonBooking:
    return AddonBooking(
        change_id=change.id,
        addon_version_id=action.addon_version_id,
        window=action.window,
        known_at=change.known_at,
        booked_at=change.effective_at,
        booked=action.window,
        quantity=action.quantity,
        price=action.price,
    )


def _ended(booking: AddonBooking, lives: Sequence[Life]) -> AddonBooking:
    """Let the life that it was booked in end it."""
    end = next((life.end for life in reversed(lives) if life.start <= booking.booked_at), None)
    if end is None or end >= booking.window.end:
        return booking
    return replace(booking, cancelled_at=_earlier(booking.cancelled_at, end))


def _earlier(at: datetime | None, other: datetime) -> datetime:
    return other if at is None else min(at, other)
