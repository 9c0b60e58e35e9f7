"""What a subscription owes, item by item, as a pure function of what has taken effect.

Every item has a key that never changes, whoever computes it and when. What is owed by its
timeline, less what was billed of it, is what is still to be invoiced or to be credited. Missed
runs, crashed runs, changes of the past and two workers at once therefore all come to the same.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from billing.domain.lines import Versions
from billing.domain.owing.addons import addons
from billing.domain.owing.commitments import commitments
from billing.domain.owing.fees import fees
from billing.domain.owing.instants import acting_instants, next_due_at, reach_of
from billing.domain.owing.item import ORDER, FeePart, Item, LineKind
from billing.domain.owing.policies import PolicyBook, shared_policies
from billing.domain.owing.shares import WHOLE, Share
from billing.domain.owing.states import Billable, billable
from billing.domain.owing.usage import arrears
from control_plane.kernel.calendar import Period, instant_text
from control_plane.subscriptions.domain import Timeline

__all__ = [
    "ORDER",
    "WHOLE",
    "FeePart",
    "Item",
    "LineKind",
    "PolicyBook",
    "Share",
    "acting_instants",
    "next_due_at",
    "open_items",
    "owed_items",
    "owed_keys",
    "reach_of",
    "shared_policies",
]


def owed_items(
    timeline: Timeline,
    versions: Versions,
    policies: PolicyBook,
    *,
    at: datetime,
    after: datetime,
    reach: datetime | None = None,
) -> tuple[Item, ...]:
    """Return the items due in ``(after, at]``, by what has taken effect by ``at``, earliest first.

    With ``reach``, also every item due by ``at`` that something which takes effect at or after
    ``reach`` may have changed. An item that is owed no more is not among them.
    """
    since = after if reach is None else min(after, reach)
    return tuple(
        item
        for item in _items(timeline, versions, policies, since, at, again=reach is not None)
        if item.due_at <= at and (item.due_at > after or (reach is not None and item.until > reach))
    )


def open_items(
    timeline: Timeline, versions: Versions, policies: PolicyBook, *, at: datetime
) -> tuple[Item, ...]:
    """Return the items under way at ``at``: not due yet, by what has taken effect so far.

    Their amounts are still growing: see `Item.so_far`. Parts may stand billed already.
    """
    found = _items(timeline, versions, policies, at, at)
    return tuple(item for item in found if item.due_at > at)


def owed_keys(
    timeline: Timeline, versions: Versions, policies: PolicyBook, *, at: datetime
) -> frozenset[str]:
    """Return the keys of all items of the whole life that are owed or under way at ``at``.

    What stands billed of any other key is owed no more. It looks at every period since the start:
    ask only when something is billed that nothing near accounts for.
    """
    first = timeline.started_at - timedelta(days=1)
    return frozenset(item.key for item in _items(timeline, versions, policies, first, at))


def _items(
    timeline: Timeline,
    versions: Versions,
    policies: PolicyBook,
    since: datetime,
    at: datetime,
    *,
    again: bool = False,
) -> list[Item]:
    about = billable(timeline, versions, policies, at, since)
    if about is None:
        return []
    found = _named(_all(about, since, at, again=again))
    return sorted(found, key=lambda item: (item.due_at, ORDER[item.kind]))


def _all(about: Billable, since: datetime, at: datetime, *, again: bool) -> Iterator[Item]:
    def lines(start: datetime, end: datetime) -> Iterable[Item]:
        return _named((*fees(about, start, end), *arrears(about, start, end)))

    yield from arrears(about, since, at, again=again)
    yield from fees(about, since, at)
    yield from commitments(about, since, at, lines)
    yield from addons(about, since)


def _named(items: Iterable[Item]) -> list[Item]:
    """Return items each of a key of its own.

    A fee is named after the end of its period. Where periods of one plan end together (by the month
    and, from some day on, by the day), the one that falls due first keeps the name, and the others
    are named after their start as well: each falls due, and counts for a commitment, by itself.
    """
    found: dict[tuple[str, Period | None], Item] = {}
    for item in items:
        place = (item.key, item.period if item.kind is LineKind.FEE else None)
        twin = found.get(place)
        found[place] = item if twin is None else _together(twin, item)
    named: dict[str, Item] = {}
    for item in sorted(found.values(), key=lambda item: (item.due_at, item.period.start)):
        taken = item.key in named
        key = f"{item.key}:{instant_text(item.period.start)}" if taken else item.key
        named[key] = replace(item, key=key) if taken else item
    return list(named.values())


def _together(one: Item, other: Item) -> Item:
    """Join what is owed of one period by two cycles (one restarted in between)."""
    start = min(one.service.start, other.service.start)
    end = max(one.service.end, other.service.end)
    longer = max(one, other, key=lambda item: item.period.length)
    counts, topped_up = (*one.counts, *other.counts), (*one.tops_up, *other.tops_up)
    return replace(
        longer,
        due_at=max(one.due_at, other.due_at),
        service=Period(start, end),
        fee_parts=(*one.fee_parts, *other.fee_parts),
        counts=tuple(dict.fromkeys(counts)),
        tops_up=tuple(dict(zip(counts, topped_up, strict=False)).values()),
    )
