"""What may follow what on a timeline."""

from datetime import datetime

from control_plane.kernel.calendar import Period, instant_text
from control_plane.kernel.ids import ChangeId, format_id
from control_plane.subscriptions.domain.changes import (
    Action,
    AddonBooking,
    BookAddon,
    CancelBooking,
    ChangeBooking,
    ChangePlan,
    ChangeQuantity,
    ExtendTrial,
    Pause,
    Reactivate,
    Resume,
)
from control_plane.subscriptions.domain.layout import Layout
from control_plane.subscriptions.errors import (
    AlreadyPaused,
    BookingNotFound,
    BookingOver,
    ChangeBeforeStart,
    IntervalCountInvalid,
    NotCancelled,
    NotPaused,
    NoTrial,
    QuantityInvalid,
    SubscriptionEnded,
    TrialEndInvalid,
    WindowInvalid,
)


def require_possible(
    laid: Layout, bookings: tuple[AddonBooking, ...], action: Action, at: datetime
) -> None:
    """Refuse an action that makes no sense at ``at``, given everything recorded before it."""
    if isinstance(action, Reactivate):
        _require_cancelled(laid, at)
        return
    _require_alive(laid, at)
    match action:
        case ChangeQuantity(component, quantity) if quantity < 0:
            raise QuantityInvalid(component=component, quantity=quantity, field="quantity")
        case ChangePlan(count=count) if count < 1:
            raise IntervalCountInvalid(count=count, field="count")
        case ExtendTrial(until):
            _require_trial(laid, at, until)
        case Pause() | Resume():
            _require_other_state(laid, action, at)
        case _:
            _require_booking_possible(bookings, action, at)


def _require_booking_possible(
    bookings: tuple[AddonBooking, ...], action: Action, at: datetime
) -> None:
    match action:
        case BookAddon(quantity=quantity, window=window):
            _require_bookable(quantity, window, at)
        case ChangeBooking(booking, window):
            _require_movable(_require_booking(bookings, booking, at), window, at)
        case CancelBooking(booking):
            _require_booking(bookings, booking, at)
        case _:
            pass


def _require_alive(laid: Layout, at: datetime) -> None:
    asked = instant_text(at)
    if at < laid.started_at:
        starts_at = instant_text(laid.started_at)
        raise ChangeBeforeStart(starts_at=starts_at, effective_at=asked, field="effective_at")
    if not any(life.holds(at) for life in laid.lives):
        ends = [life.end for life in laid.lives if life.end is not None and life.end <= at]
        raise SubscriptionEnded(ended_at=instant_text(max(ends)), effective_at=asked)


def _require_cancelled(laid: Layout, at: datetime) -> None:
    last = laid.lives[-1]
    if last.end is None:
        raise NotCancelled
    if at < last.start:
        starts_at = instant_text(last.start)
        raise ChangeBeforeStart(
            starts_at=starts_at, effective_at=instant_text(at), field="effective_at"
        )


def _require_trial(laid: Layout, at: datetime, until: datetime) -> None:
    if laid.trial_end is None or not laid.in_trial(at):
        raise NoTrial
    if until < at:
        raise TrialEndInvalid(until=instant_text(until), field="until")


def _require_other_state(laid: Layout, action: Pause | Resume, at: datetime) -> None:
    paused = laid.pauses.at(at) or False
    if isinstance(action, Pause) and paused:
        raise AlreadyPaused
    scheduled = any(start > at and value for start, value in laid.pauses.steps)
    if isinstance(action, Resume) and not paused and not scheduled:
        raise NotPaused


def _require_bookable(quantity: int, window: Period, at: datetime) -> None:
    if quantity < 1:
        raise QuantityInvalid(component="add-on", quantity=quantity, field="quantity")
    _require_window(window)
    if window.end <= at:
        raise _invalid(window)


def _require_window(window: Period) -> None:
    if not window.length:
        raise _invalid(window)


def _require_booking(
    bookings: tuple[AddonBooking, ...], booking: ChangeId, at: datetime
) -> AddonBooking:
    for found in bookings:
        if found.change_id == booking and found.booked_at <= at:
            over = found.window.end
            if found.cancelled_at is not None:
                over = min(over, found.cancelled_at)
            if over <= at or found.cancelled_at is not None:
                raise BookingOver(ended_at=instant_text(over), field="booking")
            return found
    raise BookingNotFound(booking_id=format_id("chg", booking), field="booking")


def _require_movable(booking: AddonBooking, window: Period, at: datetime) -> None:
    """What was used stays used: a running window keeps its start, and no window ends in the past.

    A window ahead may move, to the present at the earliest.
    """
    _require_window(window)
    running = booking.window.start <= at
    if running and window.start != booking.window.start:
        raise _invalid(window)
    if window.end < at or (not running and window.start < at):
        raise _invalid(window)


def _invalid(window: Period) -> WindowInvalid:
    return WindowInvalid(
        start=instant_text(window.start), end=instant_text(window.end), field="window"
    )
