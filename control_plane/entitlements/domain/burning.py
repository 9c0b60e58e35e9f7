"""Units granted besides the plan's: in which order they are used up, lapse and roll over.

All of it follows from what was granted and what was used; nothing is stored but these. A period's
use is burnt, in the order of priority, expiry and creation, from what the plan gives in the period
and from the grants. What is left of a grant rolls over where it renews: a recurring one at its
boundaries, any other where the feature's period ends.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from uuid import UUID

from control_plane.entitlements.domain.grants import (
    USUAL_PRIORITY,
    PeriodUse,
    Reading,
    TenantGrant,
)
from control_plane.sdk.quota import QuotaPeriod
from control_plane.sdk.snapshot import Window

HORIZON = timedelta(days=400)
"""How far ahead recurrences are laid out; a tenant's snapshot is built anew long before."""

_FOREVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Burning:
    """All that balances of one feature follow from.

    ``base`` are the windows of what is there besides grants; ``last_words`` those among them
    that an override makes or takes away, in which no grant counts. ``uses`` are by period;
    ``readings`` tell what had been used by an instant within a period, where grants begin or end.
    """

    grants: Sequence[TenantGrant]
    base: Sequence[Window]
    period_of: Callable[[datetime], QuotaPeriod]
    now: datetime
    uses: Mapping[str, PeriodUse] = field(default_factory=dict)
    readings: Mapping[datetime, Reading] = field(default_factory=dict)
    last_words: Sequence[tuple[datetime, datetime | None]] = ()
    horizon: timedelta = HORIZON

    def edges(self) -> list[datetime]:
        """Return the instants at which something begins, ends or comes again, from the first on."""
        first = min(grant.starts_at for grant in self.grants)
        last = max(self.now, first) + self.horizon
        found = {first, last, self.now, *self.turns(last)}
        uses = (use for use in self.uses.values() if use.is_cut_by(self.period_of))
        found |= {at for use in uses for at in (use.start, use.end) if at}
        for at in list(found):
            period = self.period_of(at)
            found |= {edge for edge in (period.start, period.end) if edge is not None}
        return sorted(at for at in found if first <= at <= last)

    def turns(self, last: datetime) -> set[datetime]:
        """Return where grants begin, end and come again, or others do, up to an instant."""
        found = set(self._others())
        for grant in self.grants:
            found |= {grant.starts_at} | ({grant.until} if grant.until else set())
            found |= set(_recurring(grant, last))
        return {at for at in found if at <= last}

    def _others(self) -> Iterator[datetime]:
        for window in self.base:
            yield from (at for at in (window.start, window.end) if at)
        for start, end in self.last_words:
            yield from (at for at in (start, end) if at)


@dataclass(frozen=True, slots=True)
class Balance:
    """What became of one grant's units up to an instant: granted = used + lapsed + left.

    ``made_up`` is the part of ``granted`` that came from the least of its rollover.
    """

    granted: int = 0
    used: int = 0
    lapsed: int = 0
    left: int = 0
    made_up: int = 0


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of one state: the period's limit in it, None where nothing is granted."""

    start: datetime
    end: datetime
    limit: int | None
    source: str


def burn(grants: Iterable[TenantGrant]) -> list[TenantGrant]:
    """Return grants in the order in which they are used up."""
    return sorted(grants, key=lambda a: (a.priority, a.until or _FOREVER, a.created_at, a.id))


def _recurring(grant: TenantGrant, last: datetime) -> Iterator[datetime]:
    if grant.recurrence is None:
        return
    number, until = 1, min(grant.until or last, last)
    while (at := grant.recurrence.boundary(number)) < until:
        yield at
        number += 1


class Ledger:
    """Balances on their way through time: `lay` yields every stretch in order."""

    def __init__(self, burning: Burning) -> None:
        self._all = burning
        self._balances = {grant.id: Balance() for grant in burning.grants}
        self._coming = sorted(burning.grants, key=lambda a: a.starts_at, reverse=True)
        self._awake: Sequence[TenantGrant] = ()
        self._period: QuotaPeriod | None = None
        self._burnt = 0
        self._of_base = 0

    def lay(self) -> Iterator[Stretch]:
        """Yield the stretches from the first grant on, up to the horizon.

        Stretches that begin after ``now`` hold the least that will be there: whatever is used from
        now on, no more is granted than was given.
        """
        edges = self._all.edges()
        last = edges[-1]
        renewing = {a.id: set(_recurring(a, last)) for a in self._all.grants}
        for start, end in pairwise(edges):
            self._turn(start, renewing)
            limit, source = self._limit(start)
            yield Stretch(start, end, limit, source)

    def at_now(self) -> Mapping[UUID, Balance]:
        """Return every grant's balance at the present, with all that was used by now."""
        for stretch in self.lay():
            if stretch.start <= self._all.now < stretch.end:
                self._use(self._used_by(self._period), stretch.start)
                return dict(self._balances)
        return {grant.id: Balance() for grant in self._all.grants}

    def _turn(self, at: datetime, renewing: Mapping[UUID, set[datetime]]) -> None:
        """Pass an edge: what was used before it is burnt, then things end, renew and begin."""
        period = self._all.period_of(at)
        before = self._period or period
        self._period, ended = before, period.key != before.key
        self._settle(at, ended=ended)
        self._awake = self._woken(at)
        for grant in self._awake:
            self._pass(grant, at, renews=at in renewing[grant.id], period_ended=ended)
        self._awake = [grant for grant in self._awake if self._counts_on(grant, at)]
        if ended:
            self._burnt = self._of_base = 0
        self._period = period

    def _woken(self, at: datetime) -> Sequence[TenantGrant]:
        """Return the grants that may have anything left or coming, in their order.

        Passing an edge changes nothing of the others, so they are not looked at again.
        """
        begun = []
        while self._coming and self._coming[-1].starts_at <= at:
            begun.append(self._coming.pop())
        return burn([*self._awake, *begun]) if begun else self._awake

    def _counts_on(self, grant: TenantGrant, at: datetime) -> bool:
        if self._balances[grant.id].left:
            return True
        over = grant.until is not None and grant.until <= at
        return not over and (grant.recurrence is not None or grant.rollover.least > 0)

    def _settle(self, at: datetime, *, ended: bool) -> None:
        """Burn what was used between the last edge and this one.

        Where nobody read it, all that is known of the period's use is taken to be before the edge.
        Of what is still ahead the worst is assumed: all is used up where a period ends, and nothing
        more than by now within the present one.
        """
        before = at - timedelta(microseconds=1)
        if ended:
            self._use(self._used_by(self._period), before)
            if at > self._all.now:
                self._exhaust()
        elif self._period is not None and at != self._period.start:
            reading = self._all.readings.get(at)
            read = reading is not None and reading.key == self._period.key
            self._use(reading.units if reading and read else self._used_by(self._period), before)

    def _used_by(self, period: QuotaPeriod | None) -> int:
        use = None if period is None else self._all.uses.get(period.key)
        return 0 if use is None else use.units

    def _use(self, total: int, at: datetime) -> None:
        """Burn what of a period's use was not burnt yet.

        What nothing is left for waits for what comes within the period: it was admitted by
        something, and a reading that came late must not hide it.
        """
        fresh = max(0, total - self._burnt)
        if not fresh:
            return
        base_left = max(0, (self._base(at) or 0) - self._of_base)
        if self._has_last_word(at):
            taken = min(fresh, base_left)
            self._of_base += taken
            self._burnt += taken
            return
        for grant in self._with_base():
            if grant is None:
                taken = min(fresh, base_left)
                self._of_base += taken
            else:
                taken = self._take(grant, fresh)
            fresh -= taken
            self._burnt += taken

    def _with_base(self) -> Iterator[TenantGrant | None]:
        """Yield the grants in their order, and None where the plan's own units come.

        Those lapse with the period, so of one priority they go before what lasts longer.
        """
        end = self._period.end if self._period is not None else None
        base, told = (USUAL_PRIORITY, end or _FOREVER), False
        for grant in self._awake:
            if not told and (grant.priority, grant.until or _FOREVER) >= base:
                told = True
                yield None
            yield grant
        if not told:
            yield None

    def _take(self, grant: TenantGrant, units: int) -> int:
        balance = self._balances[grant.id]
        taken = min(units, balance.left)
        self._put(grant, used=balance.used + taken, left=balance.left - taken)
        return taken

    def _exhaust(self) -> None:
        for grant in self._awake:
            if self._balances[grant.id].left:
                self._take(grant, self._balances[grant.id].left)

    def _pass(self, grant: TenantGrant, at: datetime, *, renews: bool, period_ended: bool) -> None:
        if grant.until is not None and at >= grant.until:
            self._lapse(grant, 0)
        elif at == grant.starts_at:
            self._grant(grant, grant.units)
        elif renews:
            self._lapse(grant, grant.rollover.carried(self._balances[grant.id].left))
            self._grant(grant, grant.units)
        elif period_ended and grant.recurrence is None and at > grant.starts_at:
            self._lapse(grant, grant.rollover.carried(self._balances[grant.id].left))

    def _grant(self, grant: TenantGrant, units: int) -> None:
        balance = self._balances[grant.id]
        self._put(grant, granted=balance.granted + units, left=balance.left + units)

    def _lapse(self, grant: TenantGrant, carried: int) -> None:
        balance = self._balances[grant.id]
        added = max(0, carried - balance.left)
        self._put(
            grant,
            granted=balance.granted + added,
            made_up=balance.made_up + added,
            lapsed=balance.lapsed + max(0, balance.left - carried),
            left=carried,
        )

    def _put(self, grant: TenantGrant, **changed: int) -> None:
        self._balances[grant.id] = replace(self._balances[grant.id], **changed)

    def _base(self, at: datetime) -> int | None:
        window = self._window(at)
        value = None if window is None else window.value
        return int(value) if isinstance(value, Decimal) else None

    def _window(self, at: datetime) -> Window | None:
        holding = (w for w in self._all.base if w.start <= at and (w.end is None or at < w.end))
        return next(holding, None)

    def _has_last_word(self, at: datetime) -> bool:
        return any(s <= at and (e is None or at < e) for s, e in self._all.last_words)

    def _limit(self, at: datetime) -> tuple[int | None, str]:
        """Return the whole period's limit as it stands, and what makes it."""
        window, base = self._window(at), self._base(at)
        if self._has_last_word(at):
            return base, "" if window is None else window.source
        left = [a for a in self._awake if self._balances[a.id].left]
        if window is None and not left:
            return None, ""
        rest = sum(self._balances[a.id].left for a in left)
        sources = [*([] if window is None else [window.source]), *(a.source for a in left)]
        return self._burnt + max(0, (base or 0) - self._of_base) + rest, "+".join(sources)
