"""However units come, are used, lapse and roll over: none appears, none is lost, none is overspent.

A tenant's months are lived through in random steps. Calls are admitted by the windows of the last
snapshot alone, however old it is; each publication reads what was used, late or not.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from control_plane.catalog.domain import FeatureKind
from control_plane.entitlements.domain.burning import Burning, Ledger, burn
from control_plane.entitlements.domain.carrying import readings_due, with_balances
from control_plane.entitlements.domain.grants import PeriodUse, Rollover, TenantGrant
from control_plane.kernel.anchor import Anchor, Interval
from control_plane.sdk.quota import quota_period
from control_plane.sdk.snapshot import FeatureGrant, Window

ZONE = "Europe/Berlin"
DAY = timedelta(days=1)
BEGIN = datetime(2026, 1, 20, 9, tzinfo=UTC)

days = st.integers(0, 90)
rollovers = st.builds(
    lambda least, more, bounded: Rollover(least, least + more if bounded else None),
    st.integers(0, 5),
    st.integers(0, 30),
    st.booleans(),
)


@st.composite
def tenant_grants(draw):
    start = BEGIN + draw(days) * DAY
    recurring = draw(st.sampled_from([None, Interval.WEEK, Interval.MONTH]))
    ends = draw(st.none() | st.integers(1, 60))
    return TenantGrant(
        id=UUID(int=draw(st.integers(1, 2**64))),
        feature="labels",
        value=Decimal(draw(st.integers(0, 40))),
        starts_at=start,
        created_at=BEGIN,
        expires_at=None if ends is None else start + ends * DAY,
        priority=draw(st.sampled_from([1, 100, 200])),
        recurrence=None if recurring is None else Anchor(start, ZONE, recurring),
        rollover=draw(rollovers),
    )


@dataclass
class Life:
    """A tenant with some units a period from its plan, and grants."""

    per: str
    plan: int
    grants: list[TenantGrant]
    now: datetime = BEGIN
    used: dict[str, int] = field(default_factory=dict)
    readings: dict[datetime, object] = field(default_factory=dict)
    published: tuple[Window, ...] = ()

    def period(self, at):
        return quota_period(FeatureGrant(FeatureKind.METERED, (), per=self.per), ZONE, at)

    def burning(self):
        base = (Window(BEGIN - 400 * DAY, None, "plan:p@1", Decimal(self.plan)),)
        uses = {}
        for key, units in self.used.items():
            period = self.periods[key]
            uses[key] = PeriodUse(key, period.start, period.end, units)
        return Burning(
            self.grants, base, self.period, self.now, uses, self.readings, horizon=40 * DAY
        )

    periods: dict[str, object] = field(default_factory=dict)

    def publish(self):
        for reading in readings_due(self.burning()):
            self.readings[reading.at] = reading
        self.published = with_balances(self.burning())

    def limit(self, windows):
        at = self.now
        values = (w.value for w in windows if w.start <= at and (w.end is None or at < w.end))
        return int(next(values, Decimal(0)))

    def use(self, wanted):
        period = self.period(self.now)
        self.periods[period.key] = period
        before = self.used.get(period.key, 0)
        allowed = max(0, min(wanted, self.limit(self.published) - before))
        self.used[period.key] = before + allowed

    def withdraw(self, number):
        at = number % len(self.grants)
        if self.grants[at].ended_at is None:
            self.grants[at] = replace(self.grants[at], ended_at=self.now)
            self.publish()


steps = st.tuples(
    st.sampled_from(["use", "use", "use", "publish", "withdraw"]),
    st.integers(0, 80),
    st.integers(1, 15 * 24),
)


@settings(max_examples=40)
@given(
    st.sampled_from(["day", "week", "month", "ever"]),
    st.integers(0, 60),
    st.lists(tenant_grants(), min_size=1, max_size=4, unique_by=lambda grant: grant.id),
    st.lists(steps, max_size=12),
)
def test_units_are_kept_and_never_overspent(per, plan, grants, lived):
    life = Life(per, plan, grants)
    life.publish()
    for what, number, hours in lived:
        life.now += timedelta(hours=hours)
        if what == "use":
            life.use(number)
        elif what == "publish":
            life.publish()
        else:
            life.withdraw(number)
        _check(life)


def _check(life):
    fresh = replace(life)
    fresh.readings = dict(life.readings)
    fresh.publish()
    spent = life.used.get(life.period(life.now).key, 0)
    assert life.limit(life.published) <= fresh.limit(fresh.published), "an old window says too much"
    assert spent <= fresh.limit(fresh.published), "more was used than there is"

    balances = Ledger(fresh.burning()).at_now()
    for one in balances.values():
        assert min(one.granted, one.used, one.lapsed, one.left) >= 0
        assert one.granted == one.used + one.lapsed + one.left
    from_grants = sum(one.used for one in balances.values())
    assert sum(life.used.values()) <= from_grants + sum(
        min(life.plan, units) for units in life.used.values()
    )
    turned = replace(fresh.burning(), grants=list(reversed(life.grants)))
    assert Ledger(turned).at_now() == balances


class EveryGrant(Ledger):
    """The replay that looks at every grant at every edge, begun or over."""

    def _woken(self, at):
        return burn(self._all.grants)

    def _counts_on(self, grant, at):
        return True


@settings(max_examples=150)
@given(
    st.sampled_from(["day", "week", "month", "ever"]),
    st.integers(0, 20),
    st.lists(tenant_grants(), min_size=1, max_size=8, unique_by=lambda grant: grant.id),
    st.lists(steps, max_size=12),
)
def test_grants_that_have_nothing_to_come_are_passed_over_and_nothing_else_differs(
    per, plan, grants, lived
):
    life = Life(per, plan, grants)
    life.publish()
    for what, number, hours in lived:
        life.now += timedelta(hours=hours)
        if what == "use":
            life.use(number)
        elif what == "publish":
            life.publish()
        else:
            life.withdraw(number)

    burning = life.burning()

    assert list(Ledger(burning).lay()) == list(EveryGrant(burning).lay())
    assert Ledger(burning).at_now() == EveryGrant(burning).at_now()


@given(
    st.lists(tenant_grants(), min_size=2, max_size=4, unique_by=lambda grant: grant.id),
    st.integers(0, 120),
)
def test_nothing_is_taken_from_a_grant_while_one_before_it_has_some_left(grants, units):
    now = BEGIN + 3 * DAY
    together = [replace(g, starts_at=BEGIN, recurrence=None, expires_at=None) for g in grants]
    life = Life("month", 0, together, now=now)
    life.periods = {life.period(now).key: life.period(now)}
    life.used = {life.period(now).key: units}

    balances = Ledger(life.burning()).at_now()

    in_order = [balances[g.id] for g in burn(together)]
    for earlier, later in pairwise(in_order):
        assert earlier.left == 0 or later.used == 0
    assert sum(b.used for b in in_order) == min(units, sum(g.units for g in together))
