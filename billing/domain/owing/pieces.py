"""How a life is cut into the pieces of time that usage is billed for.

The pieces of a charge tile the time it is held: no gap and no overlap, so that no usage is lost or
billed twice. They are cut where a period of the charge ends and where its price changes. A change
cuts at the start of its local day, because a day belongs to the later state; the start and the end
of a life keep their exact instants, and so does the end of a trial. So a piece has exactly the days
that its allowance is prorated by.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import takewhile

from billing.domain.owing.shares import Ruler, Share, day_start
from billing.domain.owing.states import State, day_cut
from control_plane.catalog.domain import Charge, ChargeKind, Timing
from control_plane.catalog.policies import ProrationUnit
from control_plane.kernel.calendar import Anchor, Period, local_date


@dataclass(frozen=True, slots=True)
class Reign:
    """The time that one charge prices: ``end`` is None while open.

    ``states`` are those it runs through; ``closed_at`` is the instant of the change, or of the end
    of the life, that closes it.
    """

    charge: Charge
    grid: Anchor
    states: tuple[State, ...]
    start: datetime
    end: datetime | None
    closed_at: datetime | None

    @property
    def state(self) -> State:
        """The state that it began with."""
        return self.states[0]

    @property
    def ruler(self) -> Ruler:
        """What its shares are measured by."""
        return Ruler(self.grid, self.state.policies)


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch (``span``) of one ``period`` under one reign; invoiced at ``due_at``."""

    reign: Reign
    period: Period
    span: Period
    due_at: datetime


def in_arrears(states: tuple[State, ...]) -> list[str]:
    """Return the codes of all charges in arrears of one life, in the order of its prices."""
    charges = (charge for state in states for charge in state.price.charges)
    return list(dict.fromkeys(charge.code for charge in charges if is_in_arrears(charge)))


def is_in_arrears(charge: Charge) -> bool:
    """Tell whether a charge is invoiced when its time is over."""
    return charge.kind is not ChargeKind.FLAT or charge.timing is Timing.ARREARS


Cuts = dict[tuple[object, ...], list[datetime]]


def all_reigns(states: tuple[State, ...]) -> dict[str, list[Reign]]:
    """Return the reigns of every charge in arrears of one life; none where there is no state."""
    cuts: Cuts = {}
    return {code: _reigns(states, code, cuts) for code in in_arrears(states)}


def _reigns(states: tuple[State, ...], code: str, cuts: Cuts) -> list[Reign]:
    """Return the reigns of a charge over one life, in order; none is empty."""
    laid: list[Reign] = []
    life_end = states[-1].life.end
    starts = _known_cuts(states, code, cuts)
    ends = [_earlier(end, life_end) for end in (*starts[1:], None)]
    closings = [*(state.start for state in states[1:]), life_end]
    for state, start, end, change in zip(states, starts, ends, closings, strict=True):
        closed_at = life_end if end == life_end else change
        charge = state.charge(code)
        if charge is None or (end is not None and end <= start):
            continue
        reign = Reign(charge, state.grid(charge), (state,), start, end, closed_at)
        if laid and laid[-1].end == start and _alike(laid[-1], reign):
            states_so_far = (*laid[-1].states, state)
            laid[-1] = replace(laid[-1], states=states_so_far, end=end, closed_at=closed_at)
        else:
            laid.append(reign)
    return laid


def _earlier(at: datetime | None, other: datetime | None) -> datetime | None:
    known = [instant for instant in (at, other) if instant is not None]
    return min(known, default=None)


def _known_cuts(states: tuple[State, ...], code: str, cuts: Cuts) -> list[datetime]:
    """Return the cuts of a charge; those of charges by the same intervals are the same."""
    charges = (state.charge(code) for state in states)
    held = tuple(None if charge is None else (charge.interval,) for charge in charges)
    if held not in cuts:
        cuts[held] = list(_cuts(states, code))
    return cuts[held]


def _cuts(states: tuple[State, ...], code: str) -> Iterator[datetime]:
    """Yield from when on usage belongs to each state; never before the state before it.

    By days, all states that begin on one day have the cut of the last: they leave it everything.
    """
    earliest = states[0].start
    yield earliest
    morning, place = states[0], 1
    days = [local_date(state.start, state.segment.anchor.zone) for state in states]
    while place < len(states):
        today = states[place : place + _alike_days(days, place)]
        last = today[-1]
        known = last.charge(code) or morning.charge(code)
        cut = day_cut(morning, today, None if known is None else known.interval)
        for state in today:
            by_second = state.policies.proration_unit is ProrationUnit.SECOND
            earliest = max(earliest, state.start if by_second else cut)
            yield earliest
        morning, place = last, place + len(today)


def _alike_days(days: Sequence[date], place: int) -> int:
    """Return how many days from a place on are one and the same."""
    return sum(1 for _ in takewhile(lambda day: day == days[place], days[place:]))


def _alike(one: Reign, other: Reign) -> bool:
    return (
        one.charge == other.charge
        and one.grid == other.grid
        and one.state.plan.id == other.state.plan.id
        and one.state.policies == other.state.policies
        and one.state.price.tax_inclusive == other.state.price.tax_inclusive
    )


def pieces(reign: Reign, since: datetime, until: datetime) -> Iterator[Piece]:
    """Yield the pieces, in order, of periods that end after ``since``, begun by ``until``."""
    grid = reign.grid
    if reign.end is not None and reign.end + grid.longest <= since:
        return  # long over: a life of many years is not laid out again at every close
    first = _first_index(reign)
    n = max(first, grid.index_at(max(since, reign.start)))
    while reign.start <= until and (n == first or grid.boundary(n) <= until):
        period = grid.period(n)
        start = reign.start if n == first else max(reign.start, period.start)
        end = period.end if reign.end is None else min(reign.end, period.end)
        if n > first and reign.end is not None and period.start >= reign.end:
            break
        n += 1
        if start < end and max(end, period.end) > since:
            yield Piece(reign, period, Period(start, end), _due(reign, period, end))


def _due(reign: Reign, period: Period, end: datetime) -> datetime:
    """A period's end closes a piece when it comes; a change does when it takes effect."""
    return end if end == period.end or reign.closed_at is None else reign.closed_at


def _first_index(reign: Reign) -> int:
    """Return the number of the reign's first period.

    The first period of a cycle that starts on the reign's first day also takes that day's earlier
    hours.
    """
    grid = reign.grid
    same_day = reign.start < grid.at and day_start(grid.at, grid.zone) <= reign.start
    return 0 if same_day else grid.index_at(reign.start)


def billed_share(reign: Reign, period: Period, of: Period, upto: datetime | None = None) -> Share:
    """Return how much of ``of``, a stretch of a period, the reign has, unbilled pauses left out.

    What comes after ``upto`` counts as had: an allowance under way is not shortened by what may
    yet happen. A stretch within one day has that day, unless it is a pause; one that begins on a
    day after the period takes nothing back of it.
    """
    ruler = reign.ruler
    nothing = ruler.share(period, of.start, of.start, of)
    had, paused = 0, False
    for state in reign.states:
        start = max(state.first, of.start)
        end = of.end if state.last is None else min(state.last, of.end)
        end = end if upto is None else min(end, upto)
        if start < end and state.unbilled:
            paused = True
        elif start < end:
            had += ruler.share(period, start, end, of).numerator
    if upto is not None:
        had += ruler.share(period, max(upto, of.start), of.end, of).numerator
    if had == 0 and not paused and ruler.unit == "day" and not _paused_by(reign, period.end):
        had = 1
    return replace(nothing, numerator=min(had, nothing.denominator))


def _paused_by(reign: Reign, end: datetime) -> bool:
    """Tell whether a reign ends in an unbilled pause that began on a day before ``end``."""
    began: datetime | None = None
    for state in reversed(reign.states):
        if not state.unbilled:
            break
        began = state.first
    return began is not None and day_start(began, reign.grid.zone) < end
