"""When billing has to look at a subscription, and how far back."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from billing.domain.lines import Versions
from billing.domain.owing.shares import day_start
from billing.domain.owing.states import grid_of
from control_plane.catalog.domain import Price
from control_plane.kernel.calendar import Anchor, local_date
from control_plane.kernel.currency import currency
from control_plane.subscriptions.domain import Segment, Timeline

_TWO_DAYS = timedelta(days=2)
"""Longer than any local day: what lies on the day of an instant is over by then."""


def acting_instants(timeline: Timeline, after: datetime, upto: datetime) -> tuple[datetime, ...]:
    """Return the instants in ``(after, upto]`` at which a recorded change makes a difference."""
    return tuple(sorted({c.acts_at for c in timeline.changes if after < c.acts_at <= upto}))


def reach_of(timeline: Timeline, at: datetime) -> datetime | None:
    """Return from when on what is owed may differ by the changes that act at ``at``, if any do.

    A change takes the whole of its local day with it, and the day's earlier hours.
    """
    effective = [c.effective_at for c in timeline.changes if c.acts_at == at]
    return day_start(min(effective), timeline.anchor.zone) if effective else None


def next_due_at(
    timeline: Timeline, after: datetime, versions: Versions | None = None
) -> datetime | None:
    """Return the first instant later than ``after`` at which anything may fall due, if any.

    With ``versions`` it knows the intervals that charges are invoiced by; without, only that of
    the plans.
    """
    return min((at for at in _candidates(timeline, after, versions) if at > after), default=None)


def _candidates(
    timeline: Timeline, after: datetime, versions: Versions | None
) -> Iterator[datetime]:
    for segment in timeline.segments:
        if segment.end is not None and segment.end + _TWO_DAYS <= after:
            continue
        yield segment.start
        if segment.end is not None:
            yield segment.end
            yield from _same_day(timeline, segment, segment.end, versions)
        if segment.holds(after) and not segment.trial:
            yield from _boundaries(timeline, segment, after, versions)
    for booking in timeline.addon_bookings():
        yield booking.window.start
    for change in timeline.changes:
        yield change.acts_at


def _same_day(
    timeline: Timeline, segment: Segment, end: datetime, versions: Versions | None
) -> Iterator[datetime]:
    """Yield boundaries on the day of an end: the only day of a life may be the next period's."""
    zone = segment.anchor.zone
    for grid in _grids(timeline, segment, versions):
        boundary = grid.period_at(end).end
        if local_date(boundary, zone) == local_date(end, zone):
            yield boundary


def _boundaries(
    timeline: Timeline, segment: Segment, after: datetime, versions: Versions | None
) -> Iterator[datetime]:
    """Yield the next boundary of each grid, unless the segment ends before."""
    for grid in _grids(timeline, segment, versions):
        boundary = grid.period_at(after).end
        if segment.end is None or boundary < segment.end:
            yield boundary


def _grids(timeline: Timeline, segment: Segment, versions: Versions | None) -> set[Anchor]:
    anchor = segment.anchor
    if versions is None:
        return {anchor}
    price: Price = versions.plans[segment.plan_version_id].price(
        currency(timeline.currency), segment.interval, segment.count
    )
    return {anchor, *(grid_of(anchor, charge.interval) for charge in price.charges)}
