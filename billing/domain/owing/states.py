"""The states of a subscription as they are billed: which plan, price and terms, from when on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

from billing.domain.lines import Versions
from billing.domain.owing.policies import PolicyBook
from billing.domain.owing.shares import day_start, next_day_start
from billing.domain.pricing import Step
from control_plane.catalog.domain import Charge, PlanVersion, Price
from control_plane.catalog.policies import Pause, Policies, ProrationUnit, TerminationDay
from control_plane.kernel.calendar import Anchor, Interval, Period, local_date, longest
from control_plane.kernel.currency import Currency, currency
from control_plane.kernel.ids import SubscriptionId
from control_plane.subscriptions.domain import AddonBooking, Life, Segment, Timeline

_FAR = 6
"""How many of the longest periods before its own end an item may look back, at most."""


@dataclass(frozen=True, slots=True)
class State:
    """A stretch of one life in one state, with the price it goes by.

    ``first`` and ``last`` bound what is counted of it: by days, whole days, because a day belongs
    to the later state. ``segment`` has the instants themselves.
    """

    segment: Segment
    life: Life
    plan: PlanVersion
    price: Price
    policies: Policies
    first: datetime
    last: datetime | None

    @property
    def start(self) -> datetime:
        """The instant it begins."""
        return self.segment.start

    @property
    def unbilled(self) -> bool:
        """Whether it is a pause in which nothing is charged."""
        return self.segment.paused and self.policies.pause is Pause.CREDIT_UNUSED

    def holds(self, charge: Charge) -> bool:
        """Whether it is a pause in which a charge costs its holding fee."""
        return self.segment.paused and not self.unbilled and charge.holding is not None

    def holding_steps(self, charge: Charge) -> tuple[Step, ...]:
        """Say that a holding fee stands for the fee."""
        if not self.holds(charge) or charge.amount is None:
            return ()
        return ({"step": "holding", "amount": charge.amount.decimal_text()},)

    def charge(self, code: str) -> Charge | None:
        """Return the charge of a code, None where the price has none."""
        return next((charge for charge in self.price.charges if charge.code == code), None)

    def grid(self, charge: Charge) -> Anchor:
        """Return the anchor of a charge's own periods."""
        return grid_of(self.segment.anchor, charge.interval)


def grid_of(anchor: Anchor, interval: Interval | None) -> Anchor:
    """Return the anchor of periods by an interval of their own, or the anchor itself."""
    if interval is None or (interval == anchor.interval and anchor.count == 1):
        return anchor
    return replace(anchor, interval=interval, count=1)


@dataclass(frozen=True, slots=True)
class Billable:
    """One subscription as of an instant: all that items are made from."""

    subscription_id: SubscriptionId
    currency: Currency
    zone: str
    lives: tuple[tuple[State, ...], ...]
    bookings: tuple[AddonBooking, ...]
    versions: Versions
    policies: PolicyBook

    @property
    def states(self) -> Iterator[State]:
        """Every billed state in order."""
        for life in self.lives:
            yield from life

    def key(self, *parts: str) -> str:
        """Return an item's key."""
        return ":".join((str(self.subscription_id), *parts))


def billable(
    timeline: Timeline, versions: Versions, policies: PolicyBook, at: datetime, since: datetime
) -> Billable | None:
    """Read a timeline as it has taken effect by ``at``; None before it starts.

    States that no item of a period which ends after ``since`` is made of are left out.
    """
    effective = timeline.effective_by(at)
    if effective is None:
        return None
    laid = effective.layout()
    builder = _Builder(currency(effective.currency), versions, policies)
    segments = effective.segments
    return Billable(
        subscription_id=timeline.subscription_id,
        currency=builder.currency,
        zone=effective.anchor.zone,
        lives=tuple(
            builder.life(life, following, segments, since)
            for life, following in zip(laid.lives, (*laid.lives[1:], None), strict=True)
        ),
        bookings=effective.addon_bookings(),
        versions=versions,
        policies=policies,
    )


def priced(
    segment: Segment, plan: PlanVersion, unit: Currency, book: PolicyBook
) -> tuple[Price, Policies]:
    """Return the price that a segment goes by, and the policies in force.

    Its negotiated terms are in the price, and so is the holding fee of a pause that is charged.
    """
    price = plan.price(unit, segment.interval, segment.count)
    policies = book.of_price(plan, price)
    if segment.terms is not None:
        price = segment.terms.applied(price)
    if segment.paused and policies.pause is Pause.HOLDING_FEE:
        price = price.held()
    return price, policies


Rated: TypeAlias = tuple[PlanVersion, Price, Policies]


@dataclass(frozen=True, slots=True)
class _Builder:
    currency: Currency
    versions: Versions
    policies: PolicyBook

    def life(
        self, life: Life, following: Life | None, segments: tuple[Segment, ...], since: datetime
    ) -> tuple[State, ...]:
        """Return the states of a life that are billed: all but its trial, and what is long over."""
        every = [s for s in segments if life.holds(s.start) and not s.trial]
        if not every:
            return ()
        all_rated = self._all_rated(every)
        over = _long_over(every, [price for _, price, _ in all_rated], since)
        held, rated = every[over:], all_rated[over:]
        starts = [
            _first(segment, policies, opens=over + place == 0)
            for place, (segment, (_, _, policies)) in enumerate(zip(held, rated, strict=True))
        ]
        ends = [*starts[1:], _last(held[-1], rated[-1][2], life, following)]
        return tuple(
            State(segment, life, plan, price, policies, first, last)
            for segment, (plan, price, policies), first, last in zip(
                held, rated, starts, ends, strict=True
            )
        )

    def _all_rated(self, segments: Sequence[Segment]) -> list[Rated]:
        """Price segments; those of one plan on the same terms once."""
        found: list[Rated] = []
        known: dict[tuple[object, ...], Rated] = {}
        for segment in segments:
            if segment.terms is not None:
                found.append(self._rated(segment))
                continue
            on = (segment.plan_version_id, segment.interval, segment.count, segment.paused)
            if on not in known:
                known[on] = self._rated(segment)
            found.append(known[on])
        return found

    def _rated(self, segment: Segment) -> Rated:
        plan = self.versions.plans[segment.plan_version_id]
        return plan, *priced(segment, plan, self.currency, self.policies)


def _long_over(segments: Sequence[Segment], prices: Sequence[Price], since: datetime) -> int:
    """Count a life's first states that are long over: a long life is not billed from its start.

    From the start of a commitment on, its lines are counted; such a line draws on an allowance; the
    allowance begins within a period, which follows another. Each lies at most one period further
    back than the one before it.
    """
    if len(segments) == 1:
        return 0
    intervals = {(s.interval, s.count) for s in segments}
    distinct = {id(price): price for price in prices}.values()
    intervals |= {
        (own, 1)
        for price in distinct
        for charge in price.charges
        for own in (charge.interval, charge.allowance_interval)
        if own is not None
    }
    far = _FAR * max(longest(*one) for one in intervals)
    return next((n for n in reversed(range(len(segments))) if segments[n].start + far <= since), 0)


def _first(segment: Segment, policies: Policies, *, opens: bool) -> datetime:
    """Return from when on a state is counted."""
    if opens or policies.proration_unit is ProrationUnit.SECOND:
        return segment.start
    return day_start(segment.start, segment.anchor.zone)


def _last(
    segment: Segment, policies: Policies, life: Life, following: Life | None
) -> datetime | None:
    """Return until when the last state of a life is counted.

    By days, a life has at least one; and the day it ends on counts where the policy says so, as
    far as that day is the same period's. A life that follows on the same day takes it.
    """
    end, zone = life.end, segment.anchor.zone
    if end is None:
        return None
    if following is not None and local_date(following.start, zone) == local_date(end, zone):
        return end
    tomorrow = next_day_start(end, zone)
    by_day = policies.proration_unit is ProrationUnit.LOCAL_DAY
    if by_day and local_date(life.start, zone) == local_date(end, zone):
        return tomorrow
    period = segment.anchor.period_at(end)
    if policies.termination_day is TerminationDay.BILLED and period.start < end:
        return min(tomorrow, period.end)
    return end


def day_cut(morning: State, today: Sequence[State], interval: Interval | None) -> datetime:
    """Return from when on usage belongs to the last state of a day on which something changed.

    That is the start of the day, which belongs to its last state, but not before the period that
    the day belongs to. Where the cycle restarts, that period may never come.

    Args:
        morning: what held when the day, or the life, began.
        today: the states that began on that day, at least one.
        interval: the own interval of the charge whose usage is cut, if it has one.
    """
    zone = morning.segment.anchor.zone
    old, new = (grid_of(s.segment.anchor, interval) for s in (morning, today[-1]))
    period = _period_before(old, next_day_start(today[0].start, zone))
    if old != new:
        restarted = next(s.start for s in today if grid_of(s.segment.anchor, interval) == new)
        if period.start > restarted:
            return restarted
    begun = day_start(today[0].start, zone)
    opened = period.start == old.at  # such a period has the earlier hours of its first day too
    return begun if opened else max(begun, period.start)


def _period_before(grid: Anchor, at: datetime) -> Period:
    """Return the period that the last instants before ``at`` lie in."""
    n = grid.index_at(at)
    while grid.boundary(n) >= at:
        n -= 1
    return grid.period(n)
