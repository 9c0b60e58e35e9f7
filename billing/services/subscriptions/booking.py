"""Add-on windows: booked, moved, given up. The price is fixed when the window is booked."""

from datetime import datetime
from fractions import Fraction

from billing.changing import require_going_on
from billing.domain.life.errors import NothingToChange
from billing.domain.life.requests import BookingCancelled, BookingMoved, BookingWanted
from billing.errors import AddonNotApplicable
from billing.services.subscriptions.desk import Desk, Proposal
from billing.services.subscriptions.living import proposed
from control_plane.catalog.domain import AddonVersion
from control_plane.kernel.calendar import Period, instant_text, local_date, local_day_start
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import ChangeId, format_id
from control_plane.kernel.money import Money
from control_plane.kernel.seasons import AnySeason, next_window
from control_plane.subscriptions.domain import (
    AddonBooking,
    BookAddon,
    CancelBooking,
    ChangeBooking,
    Timeline,
)
from control_plane.subscriptions.errors import BookingNotFound, BookingOver, WindowInvalid


def propose_booking(desk: Desk, timeline: Timeline, wanted: BookingWanted) -> Proposal:
    """Lay out a booking, with the early-bird price if it comes early enough.

    Raises:
        SubscriptionEnding: there is nothing to book it for.
        AddonNotFound, PriceNotFound, SeasonOver, AddonQuantityTooLarge: it is not on sale so.
        AddonNotApplicable: the plan lacks a module it needs.
        WindowInvalid: the window is past, or not of whole days.
    """
    segment = require_going_on(timeline, max(desk.at, timeline.started_at))
    addon = desk.addon(wanted.addon_code, wanted.addon_version)
    addon.check_quantity(wanted.quantity)
    modules = desk.version(segment).modules
    for module in (m for m in addon.requires if m not in modules):
        raise AddonNotApplicable(addon_code=addon.code, module=module, field="addon_code")
    season = desk.catalog.season(addon.season)
    window = booking_window(season, wanted.starts_at, wanted.ends_at, desk.at)
    price = wanted.price or fixed_price(addon, season, timeline.currency, window, desk.at)
    action = BookAddon(
        addon_version_id=addon.id, window=window, quantity=wanted.quantity, price=price
    )
    more = {
        "addon": str(addon.id),
        "start": instant_text(window.start),
        "end": instant_text(window.end),
        "quantity": wanted.quantity,
        "price": price.minor,
    }
    at = max(desk.at, timeline.started_at)
    return proposed(desk, timeline, "book_addon", action, at, more)


def booking_window(
    season: AnySeason, starts_at: datetime | None, ends_at: datetime | None, at: datetime
) -> Period:
    """Return the window asked for; what is not said is the season's running or next window's.

    Raises:
        SeasonOver: the season has no window left.
        WindowInvalid: it is past or empty, or its ends are no midnights of the season's zone.
    """
    if starts_at is not None and ends_at is not None:
        return whole_days(starts_at, ends_at, season.zone, at)
    usual = next_window(season, at if starts_at is None else max(starts_at, at))
    if starts_at is None and ends_at is None:
        return usual
    return whole_days(starts_at or usual.start, ends_at or usual.end, season.zone, at)


def whole_days(start: datetime, end: datetime, zone: str, at: datetime) -> Period:
    """Return a window of whole local days that has not ended.

    Raises:
        WindowInvalid: it is none.
    """
    midnights = all(local_day_start(local_date(edge, zone), zone) == edge for edge in (start, end))
    if not midnights or not start < end or end <= at:
        raise WindowInvalid(start=instant_text(start), end=instant_text(end), field="starts_at")
    return Period(start, end)


def fixed_price(
    addon: AddonVersion, season: AnySeason, code: str, window: Period, at: datetime
) -> Money:
    """Return what one of an add-on costs over a window, as of the booking.

    The catalogue's price is the whole season's; another window costs by its days, rounded once.
    Days ahead of the window's start decide over early-bird prices.
    """
    ahead = (local_date(window.start, season.zone) - local_date(at, season.zone)).days
    price = addon.price(currency(code), max(ahead, 0))
    usual = next_window(season, min(window.start, at) if window.contains(at) else window.start)
    days, whole = len(window.days(season.zone)), len(usual.days(season.zone))
    return price if days == whole else price.scale(Fraction(days, whole))


def propose_move(desk: Desk, timeline: Timeline, wanted: BookingMoved) -> Proposal:
    """Lay out another window for a booking.

    Raises:
        BookingNotFound, BookingOver: there is none to move.
        WindowInvalid: the window is past, or not of whole days.
        NothingToChange: it has that window.
    """
    booking = live_booking(desk, timeline, wanted.booking)
    season = desk.catalog.season(desk.books.versions.addons[booking.addon_version_id].season)
    window = whole_days(wanted.starts_at, wanted.ends_at, season.zone, desk.at)
    if window == booking.window:
        raise NothingToChange
    more = {
        "booking": format_id("chg", wanted.booking),
        "start": instant_text(window.start),
        "end": instant_text(window.end),
    }
    action = ChangeBooking(booking=wanted.booking, window=window)
    return proposed(desk, timeline, "change_booking", action, desk.at, more)


def propose_unbooking(desk: Desk, timeline: Timeline, wanted: BookingCancelled) -> Proposal:
    """Lay out giving a booking up; what comes back follows the add-on's ladder.

    Raises:
        BookingNotFound, BookingOver: there is none to give up.
    """
    more = {"booking": format_id("chg", wanted.booking)}
    action = CancelBooking(booking=wanted.booking)
    return proposed(desk, timeline, "cancel_booking", action, desk.at, more)


def live_booking(desk: Desk, timeline: Timeline, wanted: ChangeId) -> AddonBooking:
    """Return a booking that can still be changed.

    Raises:
        BookingNotFound: there is none of that id, or it was given up.
        BookingOver: its window has ended.
    """
    for booking in timeline.addon_bookings():
        if booking.change_id == wanted and booking.cancelled_at is None:
            if booking.window.end <= desk.at:
                raise BookingOver(ended_at=instant_text(booking.window.end))
            return booking
    raise BookingNotFound(booking_id=format_id("chg", wanted))
