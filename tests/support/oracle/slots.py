"""Time in slots: a local day each, or by the second, and the state that each is billed by.

By the second, days on which nothing changes are one slot; a day of a change goes minute by minute
(every instant in the tests is a whole minute, so no second within one differs from another).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from control_plane.catalog.policies import Denominator, Policies, ProrationUnit, TerminationDay
from control_plane.kernel.calendar import Anchor, Interval, Period, local_date, local_day_start
from tests.support.oracle.states import INSTANT, Held, History, Lived

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
MONTHS = {Interval.MONTH: 1, Interval.QUARTER: 3, Interval.HALF_YEAR: 6, Interval.YEAR: 12}


@dataclass(frozen=True)
class Slot:
    """``sample`` is the instant that speaks for the slot; ``size`` is in days or seconds."""

    sample: datetime
    size: int
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Billed:
    """What a slot is billed by: a state, of a life, asked at ``asked``."""

    held: Held
    life: Lived
    asked: datetime

    def __hash__(self) -> int:
        return hash(self.asked)


def day_end(at: datetime, zone: str) -> datetime:
    """The last instant of the local day of an instant."""
    return local_day_start(local_date(at, zone) + _DAY, zone) - INSTANT


@lru_cache(maxsize=4096)
def days_of(period: Period, zone: str) -> tuple[Slot, ...]:
    """The local days whose last instant lies in a period."""
    found, day = [], local_date(period.start, zone) - _DAY
    while day <= local_date(period.end, zone) + _DAY:
        start, following = local_day_start(day, zone), local_day_start(day + _DAY, zone)
        if start < following and period.start <= following - INSTANT < period.end:
            found.append(Slot(following - INSTANT, 1, start, following))
        day += _DAY
    return tuple(found)


class Calendar:
    """The slots of a history under some policies, and what each is billed by."""

    def __init__(self, history: History, policies: Policies) -> None:
        self.history = history
        self.policies = policies
        self.by_day = policies.proration_unit is ProrationUnit.LOCAL_DAY
        self._billed: dict[datetime, Billed | None] = {}
        self._slots: dict[Period, tuple[Slot, ...]] = {}
        self._marks = history.instants()

    def slots(self, period: Period, mark: datetime | None = None) -> tuple[Slot, ...]:
        """The slots of a period; by the second, the day of a ``mark`` goes by minutes too."""
        zone = self.history.zone
        if self.by_day:
            return days_of(period, zone)
        if mark is not None:
            return tuple(self._by_second(period, zone, [*self._marks, mark]))
        if period not in self._slots:
            self._slots[period] = tuple(self._by_second(period, zone, self._marks))
        return self._slots[period]

    def _by_second(self, period: Period, zone: str, marks: list[datetime]) -> list[Slot]:
        found, start = [], period.start
        while start < period.end:
            following = local_day_start(local_date(start, zone) + _DAY, zone)
            end = min(following, period.end)
            if any(start <= mark < following for mark in marks):
                while start < end:
                    found.append(Slot(start, 60, start, start + _MINUTE))
                    start += _MINUTE
            else:
                size = int((end - start) / timedelta(seconds=1))
                found.append(Slot(start, size, start, end))
            start = end
        return found

    def billed(self, sample: datetime) -> Billed | None:
        """What a slot is billed by; None outside every life, and in a trial."""
        if sample not in self._billed:
            self._billed[sample] = self._look(sample)
        return self._billed[sample]

    def _look(self, sample: datetime) -> Billed | None:
        history = self.history
        life = history.life_at(sample)
        asked = sample
        if life is None:
            life = self._extended(sample)
            if life is None or life.end is None:
                return None
            asked = life.end - INSTANT
        if history.in_trial(asked):
            return None
        return Billed(history.held(asked), life, asked)

    def _extended(self, sample: datetime) -> Lived | None:
        """The life that a day after its end still belongs to: its only day, or its last."""
        zone = self.history.zone
        today = local_date(sample, zone)
        for place, life in enumerate(self.history.lives):
            if life.end is None or life.end == life.start or local_date(life.end, zone) != today:
                continue
            after = self.history.lives[place + 1 :]
            if sample < life.end or any(local_date(n.start, zone) == today for n in after):
                continue
            if self.by_day and local_date(life.start, zone) == today:
                return life
            if self.policies.termination_day is TerminationDay.BILLED:
                period = self.history.held(life.end - INSTANT).anchor.period_at(life.end)
                if period.start < life.end and sample < period.end:
                    return life
        return None

    def weights(self, grid: Anchor, slots: tuple[Slot, ...]) -> list[int]:
        """What each slot of a period counts: its size, or its part of a 30-day month."""
        months = MONTHS.get(grid.interval)
        if self.policies.denominator is Denominator.TRUE_LENGTH or months is None:
            return [slot.size for slot in slots]
        nominal = 30 * months * grid.count * (1 if self.by_day else 86_400)
        weights, passed = [], 0
        for slot in slots:
            counted = min(slot.size, max(0, nominal - passed))
            weights.append(counted)
            passed += slot.size
        if weights and passed < nominal:
            weights[-1] += nominal - passed
        return weights
