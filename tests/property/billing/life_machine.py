"""Random lives of a subscription, converged step by step and held against the oracle."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from billing.domain.items import PolicyBook, open_items
from billing.domain.pricing import Usage
from control_plane.kernel.calendar import Anchor, Interval, Period, local_date, local_day_start
from control_plane.kernel.errors import TallyardError
from control_plane.kernel.ids import ChangeId, PlanVersionId, SubscriptionId
from control_plane.kernel.money import Money
from control_plane.subscriptions.domain import (
    Action,
    BookAddon,
    Cancel,
    CancelBooking,
    ChangeBooking,
    ChangePlan,
    ChangeQuantity,
    ChargeTerms,
    ExtendTrial,
    Pause,
    Reactivate,
    Resume,
    SetTerms,
    Start,
    Terms,
    Timeline,
    new_timeline,
)
from tests.support.billing import CNY
from tests.support.converging import Books, at_once
from tests.support.lives import INTERVALS, PEAK, PLANS, VERSIONS, ZONES
from tests.support.oracle import Oracle

POLICIES = {
    "rounding_place": ("line", "line", "line", "invoice"),
    "proration_unit": ("local_day", "local_day", "second"),
    "denominator": ("true_length", "thirty_days"),
    "termination_day": ("not_billed", "billed"),
    "short_period": ("by_days", "none"),
    "unused_credit": ("billed", "none", "full"),
    "pause": ("credit_unused", "holding_fee"),
    "split": ("cumulative", "each_alone"),
    "addon_invoicing": ("at_booking", "at_start", "deposit"),
}
MINUTES = st.integers(0, 60 * 24 * 40)
TAKEN: Counter[type[Action]] = Counter()
"""How often what was recorded, rather than refused."""
starts = st.datetimes(
    datetime(2026, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
    datetime(2026, 12, 31),  # noqa: DTZ001 - as above
    timezones=st.just(UTC),
)
choices = st.fixed_dictionaries(
    {}, optional={name: st.sampled_from(values) for name, values in POLICIES.items()}
)
plans = st.sampled_from(("basic@1", "pro@1", "basic@2"))
sales = st.sampled_from(
    [*(f"{interval.value} {count}" for interval, count in INTERVALS), "quarter 1", "quarter 1"]
)
moves = st.sampled_from(("now", "now", "now", "back", "ahead", "boundary"))


def _plan(label: str) -> PlanVersionId:
    return next(plan.id for plan in PLANS if plan.label == label)


def _sold(said: str) -> tuple[Interval, int]:
    interval, count = said.split()
    return Interval(interval), int(count)


class SubscriptionLife(RuleBasedStateMachine):
    """Whatever is recorded in whatever order, what stands billed is what the oracle says."""

    def __init__(self) -> None:
        super().__init__()
        self.timeline: Timeline | None = None
        self.bookings: list[ChangeId] = []
        self.events: list[tuple[datetime, Decimal]] = []
        self.serial = 1

    @initialize(
        start=starts,
        zone=st.sampled_from(ZONES),
        plan=plans,
        sold=sales,
        policies=choices,
        trial=st.sampled_from((None, None, 0, 5, 14)),
        aligned=st.booleans(),
        seats=st.integers(0, 5),
        second=st.booleans(),
        backward=st.booleans(),
    )
    def begin(self, start, zone, plan, sold, policies, trial, aligned, seats, second, backward):
        self.now = start.replace(second=0, microsecond=0)
        self.zone, self.policies = zone, policies
        interval, count = _sold(sold)
        at = self.now
        if aligned:
            day = local_date(at, zone).replace(day=1)
            at = local_day_start(day, zone)
        action = Start(
            plan_version_id=_plan(plan),
            currency="CNY",
            interval=interval,
            anchor=Anchor(at, zone, interval, count, second, backward),
            trial_end=None if trial is None else self.now + timedelta(days=trial, minutes=trial),
            quantities={"seats": seats},
            aligned=aligned,
        )
        self.timeline = new_timeline(
            SubscriptionId(UUID(int=1)),
            ChangeId(UUID(int=1)),
            action,
            effective_at=self.now,
            known_at=self.now,
        )
        self.books = Books(VERSIONS, PolicyBook(policies), self._measure)
        self.books.closed = self.now - timedelta(days=1)
        self.books.run(self.timeline, self.now)

    def _measure(self, meter, period: Period) -> Usage:
        used = [q for at, q in self.events if period.start <= at < period.end]
        return Usage(sum(used, Decimal(0)), len(used))

    def _record(self, action: Action, move: str, minutes: int) -> ChangeId | None:
        at = self.now
        segment = self.timeline.segment_at(self.now)
        if move == "back":
            at = max(self.timeline.started_at, self.now - timedelta(minutes=minutes))
        elif move == "ahead":
            at = self.now + timedelta(minutes=minutes)
        elif move == "boundary" and segment is not None:
            at = segment.anchor.period_at(self.now).end
        self.serial += 1
        change_id = ChangeId(UUID(int=self.serial))
        try:
            longer = self.timeline.with_change(
                change_id, action, effective_at=at, known_at=self.now
            )
        except TallyardError:
            return None
        self.timeline = longer
        TAKEN[type(action)] += 1
        if at <= self.now:
            self.books.converge(longer, self.now)
        return change_id

    def _alive(self) -> bool:
        return self.timeline.segment_at(self.now) is not None

    def _in_trial(self) -> bool:
        return self.timeline.layout().in_trial(self.now)

    def _cancelled(self) -> bool:
        return self.timeline.ended_at is not None

    @rule(minutes=st.integers(1, 60 * 24 * 45))
    def wait(self, minutes):
        self.now += timedelta(minutes=minutes)
        self.books.run(self.timeline, self.now)

    @rule(days=st.integers(1, 9))
    def wait_some_days(self, days):
        self.wait(days * 60 * 24)

    @rule(quantity=st.integers(1, 3000))
    def use(self, quantity):
        self.events.append((self.now, Decimal(quantity)))
        self.now += timedelta(minutes=1)
        self.books.run(self.timeline, self.now)

    @precondition(_alive)
    @rule(plan=plans, move=moves, minutes=MINUTES, migrate=st.booleans())
    def change_plan(self, plan, move, minutes, migrate):
        segment = self.timeline.segment_at(self.now)
        if segment is not None:
            reason = "migration" if migrate else "change"
            action = ChangePlan(_plan(plan), segment.interval, segment.count, reason=reason)
            self._record(action, move, minutes)

    @precondition(_alive)
    @rule(
        plan=plans,
        sold=sales,
        move=moves,
        minutes=MINUTES,
        keep=st.booleans(),
    )
    def change_interval(self, plan, sold, move, minutes, keep):
        self._record(ChangePlan(_plan(plan), *_sold(sold), keep_anchor=keep), move, minutes)

    @precondition(_alive)
    @rule(
        component=st.sampled_from(("seats", "warehouses")),
        quantity=st.integers(0, 9),
        move=moves,
        minutes=MINUTES,
    )
    def change_quantity(self, component, quantity, move, minutes):
        self._record(ChangeQuantity(component, quantity), move, minutes)

    @precondition(_alive)
    @rule(move=moves, minutes=MINUTES)
    def pause_or_resume(self, move, minutes):
        if self._record(Pause(), move, minutes) is None:
            self._record(Resume(), move, minutes)

    @precondition(_in_trial)
    @rule(minutes=MINUTES)
    def extend_trial(self, minutes):
        self._record(ExtendTrial(self.now + timedelta(minutes=minutes)), "now", 0)

    @precondition(_alive)
    @rule(move=moves, minutes=MINUTES)
    def cancel(self, move, minutes):
        self._record(Cancel(), move, minutes)

    @precondition(_cancelled)
    @rule(move=moves, minutes=MINUTES)
    def reactivate(self, move, minutes):
        self._record(Reactivate(), move, minutes)

    @precondition(_alive)
    @rule(
        amount=st.integers(0, 9999),
        included=st.integers(0, 999),
        days=st.none() | st.integers(1, 60),
        move=moves,
        minutes=MINUTES,
    )
    def negotiate(self, amount, included, days, move, minutes):
        end = None
        if days is not None:
            day = local_date(self.now, self.zone) + timedelta(days=days)
            end = local_day_start(day, self.zone)
        terms = Terms(
            {
                "base": ChargeTerms(amount=Money(amount, CNY)),
                "lines": ChargeTerms(included=Decimal(included)),
            },
            end=end,
        )
        self._record(SetTerms(terms if amount else None), move, minutes)

    @precondition(_alive)
    @rule(
        ahead=st.integers(-9, 60),
        length=st.integers(10, 40),
        quantity=st.integers(1, 3),
        move=moves,
        minutes=MINUTES,
    )
    def book(self, ahead, length, quantity, move, minutes):
        window = self._window(ahead, length)
        change_id = self._record(BookAddon(PEAK.id, window, quantity), move, minutes)
        if change_id is not None:
            self.bookings.append(change_id)

    def _window(self, ahead: int, length: int) -> Period:
        day = local_date(self.now, self.zone) + timedelta(days=ahead)
        first = local_day_start(day, self.zone)
        return Period(first, local_day_start(day + timedelta(days=length), self.zone))

    @precondition(lambda self: self.bookings)
    @rule(place=st.integers(0, 9), length=st.integers(1, 60), ahead=st.integers(0, 40))
    def change_booking(self, place, length, ahead):
        booking = self.bookings[place % len(self.bookings)]
        held = next(b for b in self.timeline.addon_bookings() if b.change_id == booking)
        window = self._window(ahead, length)
        if held.window.start <= self.now and held.window.start < window.end:
            window = Period(held.window.start, window.end)
        self._record(ChangeBooking(booking, window), "now", 0)

    @precondition(lambda self: self.bookings)
    @rule(place=st.integers(0, 9))
    def cancel_booking(self, place):
        self._record(CancelBooking(self.bookings[place % len(self.bookings)]), "now", 0)

    def teardown(self) -> None:
        """Compare now, and once more after everything under way has fallen due."""
        if self.timeline is None:
            return
        self._compare()
        self.now += timedelta(days=40)
        self.books.run(self.timeline, self.now)
        self._compare()
        fresh = at_once(self.books, self.timeline, self.now)
        assert fresh.standing() == self.books.standing(self._open())

    def _compare(self) -> None:
        oracle = Oracle(self.timeline, VERSIONS, self.policies, self.events, self.now)
        billed = self.books.by_charge(self._open())
        if self.policies.get("rounding_place") != "invoice":
            assert billed == oracle.by_charge()
            return
        lines = Counter(self.books.items[key].charge_code for key in self.books.billed)
        for code, exact in oracle.exact_by_charge().items():
            assert abs(billed.get(code, 0) - exact) < max(1, lines[code])

    def _open(self) -> set[str]:
        """Items that a change closed, and that go on since it was taken back."""
        book = PolicyBook(self.policies)
        return {item.key for item in open_items(self.timeline, VERSIONS, book, at=self.now)}
