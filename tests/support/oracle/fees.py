"""Fees, slot by slot: every slot of a period owes its part of the price that held in it."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from billing.domain.pricing import price_fee
from control_plane.catalog.domain import Charge, ChargeKind, PlanVersion, Price, Timing
from control_plane.catalog.policies import Pause, Policies, ShortPeriod, UnusedCredit
from control_plane.kernel.calendar import Anchor, Period
from control_plane.kernel.currency import currency
from tests.support.oracle.slots import Billed, Calendar
from tests.support.oracle.states import INSTANT, Held, History


@dataclass(frozen=True)
class Shop:
    """Prices as they were sold, with negotiated terms laid over them."""

    plans: dict
    currency_code: str
    policies: Policies
    _prices: dict = field(default_factory=dict)
    _wholes: dict = field(default_factory=dict)

    def plan(self, held: Held) -> PlanVersion:
        return self.plans[held.plan]

    def price(self, held: Held) -> Price:
        key = (held.plan, held.anchor.interval, held.anchor.count, id(held.terms), held.paused)
        if key not in self._prices:
            self._prices[key] = self._price(held)
        return self._prices[key]

    def whole(self, charge: Charge, held: Held, policies: Policies) -> Fraction:
        """What a whole period costs in a state."""
        key = (id(charge), held.quantity(charge.quantity))
        if key not in self._wholes:
            self._wholes[key] = price_fee(charge, Decimal(key[1]), policies).amount
        return self._wholes[key]

    def _price(self, held: Held) -> Price:
        price = self.plan(held).price(
            currency(self.currency_code), held.anchor.interval, held.anchor.count
        )
        price = price if held.terms is None else held.terms.applied(price)
        if not held.paused or self.policies.pause is Pause.CREDIT_UNUSED:
            return price
        return replace(price, charges=tuple(self._kept_ready(c) for c in price.charges))

    def _kept_ready(self, charge: Charge) -> Charge:
        """The charge of a pause that is charged: what keeping it ready costs, if less."""
        cheaper = charge.holding is not None and charge.holding < charge.amount
        return replace(charge, amount=charge.holding) if cheaper else charge

    def charge(self, held: Held, code: str) -> Charge | None:
        return next((c for c in self.price(held).charges if c.code == code), None)


def grid_of(anchor: Anchor, interval) -> Anchor:
    same = interval is None or (interval == anchor.interval and anchor.count == 1)
    return anchor if same else replace(anchor, interval=interval, count=1)


def is_advance(charge: Charge) -> bool:
    return charge.kind is ChargeKind.FLAT and charge.timing is Timing.ADVANCE


def periods(grid: Anchor, history: History, at: datetime) -> Iterator[Period]:
    """Every period of a grid that has begun by ``at`` and is not over before the start."""
    n = grid.index_at(history.started_at)
    while (period := grid.period(n)).start <= at:
        if period.start < period.end:
            yield period
        n += 1


class Fees:
    """The advance fees owed by an instant."""

    def __init__(self, history: History, shop: Shop, policies: Policies, at: datetime) -> None:
        self.history, self.shop, self.policies, self.at = history, shop, policies, at
        self.calendar = Calendar(history, policies)

    def owed(self) -> dict[tuple[str, str, Period], Fraction]:
        """Exact amounts by plan, charge and period."""
        found: dict[tuple[str, str, Period], Fraction] = {}
        if self.history.in_trial(self.at):
            return found
        for label, code, grid in self.held_charges():
            for period in periods(grid, self.history, self.at):
                exact = self.of_period(label, code, grid, period)
                if exact is not None:
                    key = (label, code, period)
                    found[key] = found.get(key, Fraction(0)) + exact
        return found

    def held_charges(self) -> set[tuple[str, str, Anchor]]:
        found = set()
        for mark in self.history.instants():
            if self.history.life_at(mark) is None:
                continue
            held = self.history.held(mark)
            label = self.shop.plan(held).label
            for charge in self.shop.price(held).charges:
                if is_advance(charge):
                    found.add((label, charge.code, grid_of(held.anchor, charge.interval)))
        return found

    def of_period(self, label: str, code: str, grid: Anchor, period: Period) -> Fraction | None:
        slots = self.calendar.slots(period)
        billed = [self.calendar.billed(slot.sample) for slot in slots]
        levels = self._levels(label, code, grid, period, billed)
        if not slots:
            return None
        if all(level is None for level in levels):
            return None
        weights = self.calendar.weights(grid, slots)
        total = sum((levels[i] or 0) * weights[i] for i in self.counted(billed))
        return total / self.denominator(weights, billed)

    def denominator(
        self, weights: list[int], billed: list[Billed | None], *, goes_on: bool = False
    ) -> Fraction:
        return Fraction(sum(weights[i] for i in self.counted(billed, goes_on=goes_on)) or 1)

    def counted(self, billed: list[Billed | None], *, goes_on: bool = False) -> range:
        """Which slots a period is compared with: all, or only from the first to the last lived.

        One that ``goes_on`` is compared with all from the first lived on.
        """
        if self.policies.short_period is ShortPeriod.BY_DAYS:
            return range(len(billed))
        lived = [place for place, one in enumerate(billed) if one is not None]
        if not lived:
            return range(len(billed) if goes_on else 0)
        return range(lived[0], len(billed) if goes_on else lived[-1] + 1)

    def _levels(
        self,
        label: str,
        code: str,
        grid: Anchor,
        period: Period,
        billed: list[Billed | None],
    ) -> list[Fraction | None]:
        """What a whole period costs at the state of each slot; None where nothing is owed."""
        levels: list[Fraction | None] = []
        prepaid: Fraction | None = None
        nothing_back = self.policies.unused_credit is UnusedCredit.NONE
        for one in billed:
            level, paused, ready = None, False, False
            if one is not None and self._on(label, code, grid, one):
                paused = one.held.paused and self.policies.pause is Pause.CREDIT_UNUSED
                if self._given_back(label, one, period):
                    levels.append(None)
                    continue
                charge = self.shop.charge(one.held, code)
                ready = one.held.paused and charge.holding is not None
                level = None if paused else self.shop.whole(charge, one.held, self.policies)
            if nothing_back:
                if paused or ready:
                    prepaid = None
                elif level is None:
                    level = prepaid
                else:
                    prepaid = level if prepaid is None else max(prepaid, level)
                    level = prepaid
            levels.append(level)
        return levels

    def _on(self, label: str, code: str, grid: Anchor, one: Billed) -> bool:
        charge = self.shop.charge(one.held, code)
        return (
            charge is not None
            and is_advance(charge)
            and self.shop.plan(one.held).label == label
            and grid_of(one.held.anchor, charge.interval) == grid
        )

    def _given_back(self, label: str, one: Billed, period: Period) -> bool:
        end = one.life.end
        if self.policies.unused_credit is not UnusedCredit.FULL or end is None:
            return False
        last = self.history.held(end - INSTANT)
        return self.shop.plan(last).label == label and period.start < end < period.end
