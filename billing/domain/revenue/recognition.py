"""How much of a line is earned by a day: pure, exact, and of one closed form.

A line's net is spread evenly over the local days of its service, by largest remainder (ties go to
the earlier day), so its days add up to its net exactly. Nothing is earned before its document
exists: the days a document finds already over are earned on its date. A credit note takes back
first what is not earned yet, then what is; what it leaves is spread over the days left, its own
day included, since a day belongs to the later state.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Reduction:
    """``minor`` of a line's net credited, or voided, on a local day."""

    on: date
    minor: int


@dataclass(frozen=True, slots=True)
class RevenueLine:
    """A line to be earned: its ``net`` in minor units over ``first`` to ``last``, both included.

    ``dated`` is its document's local day. ``reductions`` are in the order of their documents.
    ``earned_at_issue`` marks lines of invoices from before recognition: they stand as earned in
    full when issued, outside of this reckoning, and only their reductions count here.
    """

    net: int
    first: date
    last: date
    dated: date
    reductions: tuple[Reduction, ...] = ()
    earned_at_issue: bool = False


def spread(net: int, days: int, elapsed: int) -> int:
    """Return what the first ``elapsed`` of ``days`` days have of ``net``, by largest remainder.

    >>> [spread(100, 3, n) for n in (0, 1, 2, 3)]
    [0, 34, 67, 100]
    """
    each, left = divmod(abs(net), days)
    elapsed = min(max(elapsed, 0), days)
    earned = each * elapsed + min(left, elapsed)
    return -earned if net < 0 else earned


def earned_by(line: RevenueLine, on: date) -> int:
    """Return what of a line is earned by the end of ``on``, in minor units.

    Together with `deferred_by` it is, on every day, the net less its reductions by then.
    """
    reductions = [r for r in line.reductions if r.on <= on]
    if line.earned_at_issue:
        return -sum(r.minor for r in reductions)
    if on < line.dated:
        return 0
    if not reductions:
        return spread(line.net, _days(line.first, line.last), (on - line.first).days + 1)
    return _after_reductions(line, reductions, on)


def _after_reductions(line: RevenueLine, reductions: Sequence[Reduction], on: date) -> int:
    """Play the reductions in order: each finds something earned, and something still to earn."""
    settled, waiting, start = 0, line.net, line.first
    for reduction in reductions:
        if reduction.on > start:
            gone = spread(waiting, _days(start, line.last), (reduction.on - start).days)
            settled, waiting, start = settled + gone, waiting - gone, min(reduction.on, line.last)
        unearned = min(waiting, reduction.minor)
        waiting -= unearned
        settled -= reduction.minor - unearned
    return settled + spread(waiting, _days(start, line.last), (on - start).days + 1)


def deferred_by(line: RevenueLine, on: date) -> int:
    """Return what of a line is invoiced by the end of ``on`` and not earned yet."""
    if line.earned_at_issue or on < line.dated:
        return 0
    credited = sum(r.minor for r in line.reductions if r.on <= on)
    return line.net - credited - earned_by(line, on)


def _days(first: date, last: date) -> int:
    return (last - first).days + 1


def month_end(day: date) -> date:
    """Return the last day of the month that ``day`` lies in."""
    return (day.replace(day=1) + 31 * _DAY).replace(day=1) - _DAY


def month_ends(first: date, last: date) -> Iterator[date]:
    """Yield the last day of every month from that of ``first`` to that of ``last``."""
    end = month_end(first)
    while end <= month_end(last):
        yield end
        end = month_end(end + _DAY)


def earned_in_months(line: RevenueLine, through: date) -> Iterator[tuple[date, int]]:
    """Yield (last day of a month, what was earned in it), months of nothing left out.

    Months end by ``through`` at the latest. The order in which months are asked for, or documents
    became known, cannot change an answer: each is a difference of two values of `earned_by`.
    """
    known = [line.dated, line.last, *(r.on for r in line.reductions)]
    if line.earned_at_issue:
        known = [r.on for r in line.reductions] or [through + _DAY]
    before = 0
    for end in month_ends(min(known), min(max(known), through)):
        if end > through:
            return
        earned = earned_by(line, end)
        if earned != before:
            yield end, earned - before
        before = earned
