"""The instants at which billing has something to do, found without looking at what was billed."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from billing.domain.items import next_due_at
from billing.domain.lines import Versions
from control_plane.subscriptions.domain import Timeline

AFTERMATH = timedelta(days=90)
"""How long after its end a subscription's usage may still arrive and be billed."""


def next_instant(
    timelines: Iterable[Timeline], after: datetime, versions: Versions
) -> datetime | None:
    """Return the first instant later than ``after`` at which anything of the tenant may be due.

    That is where something falls due, where a recorded change acts, and for 90 days after an end
    each boundary of the cycle that was, when late usage is looked for.
    """
    found = (at for timeline in timelines for at in _upcoming(timeline, after, versions))
    return min(found, default=None)


def _upcoming(timeline: Timeline, after: datetime, versions: Versions) -> Iterator[datetime]:
    due = next_due_at(timeline, after, versions)
    if due is not None:
        yield due
    yield from aftermath(timeline, after)[:1]


def aftermath(timeline: Timeline, after: datetime) -> list[datetime]:
    """Return the instants later than ``after`` at which an ended life is looked at again."""
    end = timeline.ended_at
    if end is None or after >= end + AFTERMATH or not timeline.segments:
        return []
    anchor, last = timeline.segments[-1].anchor, end + AFTERMATH
    found = []
    n = anchor.index_at(max(end, anchor.at)) + 1
    while (at := anchor.boundary(n)) < last:
        if at > after:
            found.append(at)
        n += 1
    return [*found, last]
