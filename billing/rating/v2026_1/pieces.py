"""How a subscription's life is cut into the pieces of time that usage is billed for.

The pieces tile the life: no gap and no overlap, so that no usage is lost or billed twice. They are
cut where a period ends and where the plan changes. A change cuts at the start of its local day,
because a day belongs to the later state; the start and the end of the life keep their exact
instants. So a piece has exactly the days that its fees and allowances are prorated by.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from billing.rating.v2026_1.proration import WHOLE, DayShare
from billing.rating.v2026_1.timeline import Segment, Timeline
from control_plane.kernel.calendar import Period, local_date, local_day_start


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch (``span``) of one ``period`` on one plan; its usage is invoiced at ``due_at``.

    ``share`` says how many of the period's days it has.
    """

    segment: Segment
    period: Period
    span: Period
    due_at: datetime
    share: DayShare


@dataclass(frozen=True, slots=True)
class _Reign:
    """The stretch of time whose usage a segment's plan prices; None is an open end."""

    segment: Segment
    start: datetime
    end: datetime | None


def pieces(timeline: Timeline, *, since: datetime, upto: datetime) -> Iterator[Piece]:
    """Yield in order every piece that is due from ``since`` to ``upto``.

    A few that were due before may come first, always including the one just before, so that a
    caller can tell what it follows; the last may be due later.
    """
    for reign in _reigns(timeline):
        anchor = reign.segment.anchor
        near = since if reign.end is None else min(since, reign.end)
        n = max(0, anchor.index_at(max(reign.start, anchor.at)), anchor.index_at(near) - 2)
        while (period := anchor.period(n)).start <= upto:
            n += 1
            if reign.end is not None and period.start >= reign.end:
                break
            piece = _piece(timeline, reign, period, first=n == 1)
            if piece is not None:
                yield piece


def _piece(timeline: Timeline, reign: _Reign, period: Period, *, first: bool) -> Piece | None:
    """Return what a reign has of a period, None when that is nothing."""
    # The first period of a restarted cycle also takes the hours of its first day.
    start = reign.start if first else max(reign.start, period.start)
    end = period.end if reign.end is None else min(reign.end, period.end)
    if start >= end:
        return None
    span, zone, life_end = Period(start, end), reign.segment.anchor.zone, timeline.ended_at
    closed_by_change = end < period.end and end != life_end
    due = reign.segment.end if closed_by_change else end
    if due is None:
        raise AssertionError("a reign is closed by a change only where its segment ends")
    return Piece(reign.segment, period, span, due, _share(span, period, zone))


def _share(span: Period, period: Period, zone: str) -> DayShare:
    """Return a piece's days. A life that ends on the day of its last change has one day."""
    if span.start <= period.start and span.end == period.end:
        return WHOLE
    days, of_days = len(span.days(zone)), len(period.days(zone))
    return DayShare(min(max(days, 1), of_days), of_days)


def _reigns(timeline: Timeline) -> Iterator[_Reign]:
    """Yield the reign of every segment; those of no length are left out."""
    segments, life_end = timeline.segments, timeline.ended_at
    start = timeline.started_at
    for place, segment in enumerate(segments, start=1):
        following = segments[place] if place < len(segments) else None
        end = life_end if following is None else _cut(segment, following, start)
        if end is not None and life_end is not None:
            end = min(end, life_end)
        if end is None or start < end:
            yield _Reign(segment, start, end)
        start = start if end is None else max(start, end)


def _cut(segment: Segment, following: Segment, earliest: datetime) -> datetime:
    """Return from when on a segment's usage belongs to the one that follows it."""
    at, zone = following.start, segment.anchor.zone
    period = segment.anchor.period_at(at)
    if period.start == at:
        return at
    day = local_date(at, zone)
    if day == local_date(period.end, zone):
        # The day belongs to the next period: nothing is left for the new plan in this one.
        return at if following.anchor != segment.anchor else period.end
    return max(earliest, period.start, local_day_start(day, zone))
