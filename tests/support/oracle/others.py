"""Add-ons by the days of their windows, and commitments by what a period's lines come to."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from fractions import Fraction

from control_plane.catalog.domain import AddonVersion
from control_plane.catalog.policies import AddonInvoicing, Pause, Policies
from control_plane.kernel.calendar import Anchor, Period, local_date
from control_plane.kernel.currency import currency
from control_plane.kernel.money import Money
from control_plane.subscriptions.domain import BookAddon, CancelBooking, Change, ChangeBooking
from tests.support.oracle.fees import Fees, periods
from tests.support.oracle.slots import Slot
from tests.support.oracle.states import History

_DAY = timedelta(days=1)


def days(start: datetime, end: datetime, zone: str) -> int:
    """Local days whose last instant lies from start to end, counted one by one."""
    found, day = 0, local_date(start, zone)
    while day < local_date(end, zone):
        found, day = found + 1, day + _DAY
    return found


def addon_owed(
    history: History, change: Change, addon: AddonVersion, policies: Policies, at: datetime
) -> Money:
    """What is owed of a booking at an instant."""
    action, zone, unit = change.action, history.zone, currency(history.start.currency)
    assert isinstance(action, BookAddon)
    window, given_up = action.window, None
    for other in history.changes:
        if getattr(other.action, "booking", None) == change.id:
            if isinstance(other.action, ChangeBooking):
                window = other.action.window
            elif isinstance(other.action, CancelBooking):
                given_up = other.effective_at
    booked = change.effective_at
    life = [one for one in history.lives if one.start <= booked][-1]
    if life.end is not None and life.end < window.end:
        given_up = life.end if given_up is None else min(given_up, life.end)
    begins = booked if window.contains(booked) else window.start
    whole = days(action.window.start, action.window.end, zone)
    share = Fraction(days(begins, window.end, zone), whole) if whole else Fraction(1)
    percent = Fraction(100)
    if given_up is not None and given_up < window.start:
        percent -= Fraction(addon.refund_percent(days(given_up, window.start, zone)))
    price = lead_price(change, addon, zone, history.start.currency)
    kept = Money.rounded(price * share, unit).scale(percent / 100)
    late = action.window.contains(booked)
    deposit = policies.addon_invoicing is AddonInvoicing.DEPOSIT and not late
    if policies.addon_invoicing is AddonInvoicing.AT_BOOKING or (
        policies.addon_invoicing is AddonInvoicing.DEPOSIT and late
    ):
        return kept
    begun = max(booked, window.start) <= at or (given_up is not None and given_up <= at)
    if begun:
        return kept
    percent = Fraction(addon.deposit or 0) if deposit else Fraction(0)
    return min(kept, Money.rounded(price * percent / 100, unit))


def lead_price(change: Change, addon: AddonVersion, zone: str, code: str) -> Fraction:
    """What one window costs, as fixed at booking."""
    action = change.action
    assert isinstance(action, BookAddon)
    if action.price is not None:
        return action.price.major * action.quantity
    lead = days(change.effective_at, action.window.start, zone)
    return addon.price(currency(code), lead).major * action.quantity


def commitments(
    fees: Fees, lines: Callable[[str, Period, Sequence[Slot]], int]
) -> dict[tuple[str, datetime], Fraction]:
    """True-ups (major) by plan and end of period.

    ``lines`` gives the minor units of its lines that are for any of the slots committed to.
    """
    history, shop = fees.history, fees.shop
    found: dict[tuple[str, datetime], Fraction] = {}
    grids = {
        (shop.plan(held).label, held.anchor)
        for mark in history.instants()
        if history.life_at(mark) is not None
        for held in [history.held(mark)]
        if shop.price(held).commitment is not None
    }
    for label, grid in grids:
        for period in periods(grid, history, fees.at):
            if not _over(fees, grid, period):
                continue
            committed, slots = _committed(fees, label, grid, period)
            if slots:
                come_to = Fraction(lines(label, period, slots), 100)
                found[label, period.end] = max(Fraction(0), _rounded(committed) - come_to)
    return found


def _rounded(major: Fraction) -> Fraction:
    minor = (2 * major * 100 + 1) // 2
    return Fraction(minor, 100)


def _committed(fees: Fees, label: str, grid: Anchor, period: Period) -> tuple[Fraction, list[Slot]]:
    slots = fees.calendar.slots(period)
    weights = fees.calendar.weights(grid, slots)
    billed = [fees.calendar.billed(slot.sample) for slot in slots]
    total, held = Fraction(0), []
    for slot, one, weight in zip(slots, billed, weights, strict=True):
        if one is None or one.held.anchor != grid or fees.shop.plan(one.held).label != label:
            continue
        commitment = fees.shop.price(one.held).commitment
        paused = one.held.paused and fees.policies.pause is Pause.CREDIT_UNUSED
        if commitment is not None and not paused and weight:
            total += commitment.amount.major * weight
            held.append(slot)
    return total / fees.denominator(weights, billed), held


def _over(fees: Fees, grid: Anchor, period: Period) -> bool:
    """Whether a period is over: by its end, or because its cycle or its life ended in it."""
    if period.end <= fees.at:
        return True
    now = fees.history.life_at(fees.at)
    return now is None or fees.history.held(fees.at).anchor != grid
