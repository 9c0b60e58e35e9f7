"""Units behind a decision: through a ledger of this process, and through one that refuses."""

import asyncio
import os
import signal
import threading
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from control_plane.sdk.decide import Decision, Reason
from control_plane.sdk.lease_account import ReservationExpired
from control_plane.sdk.local_ledger import LocalLedger
from control_plane.sdk.snapshot import (
    FeatureGrant,
    FeatureKind,
    Mode,
    OnStale,
    Standing,
    Window,
)
from control_plane.sdk.testing import FakeEntitlements
from control_plane.sdk.units import UnitsNegative
from tests.unit.sdk.conftest import DAY, NOW, TENANT, heartbeat, make_snapshot

ORDERS = "outbound.orders_per_day"


@pytest.fixture
def counting(state, signer):
    state.attach(LocalLedger())
    state.apply_snapshot(signer(make_snapshot()))
    return state


def granted(kind, value, **terms):
    burst = terms.pop("burst", None)
    return FeatureGrant(kind, (Window(NOW - DAY, None, "a", Decimal(value), burst),), **terms)


@pytest.fixture
def fake(clock):
    return FakeEntitlements(clock=clock)


def test_without_a_ledger_a_check_tells_the_limit_and_counts_nothing(state, signer):
    state.apply_snapshot(signer(make_snapshot()))

    decisions = {state.check(ORDERS, 100) for _ in range(3)}

    assert [(d.allowed, d.limit, d.remaining) for d in decisions] == [(True, 150, None)]


def test_units_are_spent_until_none_are_left(counting):
    assert counting.check(ORDERS, 149).remaining == 1
    assert counting.check(ORDERS, 2).reason is Reason.LIMIT_REACHED
    assert counting.check(ORDERS).remaining == 0
    refused = counting.check(ORDERS)
    assert (refused.allowed, refused.reason, refused.limit) == (False, Reason.LIMIT_REACHED, 150)
    assert counting.check(ORDERS, 0).allowed


@pytest.mark.parametrize("prepared", [False, True])
def test_fewer_than_no_units_are_refused(counting, prepared):
    if prepared:
        counting.check(ORDERS)
    with pytest.raises(UnitsNegative):
        counting.check(ORDERS, -1)
    with pytest.raises(UnitsNegative):
        counting.hold(ORDERS, -1)


def test_the_first_check_after_a_periods_end_counts_in_the_next(fake, clock):
    fake.limit(ORDERS, 1)
    clock.advance(hours=13, minutes=59, seconds=59.8)
    assert fake.check(ORDERS)
    clock.advance(seconds=0.1)
    assert fake.check(ORDERS).reason is Reason.LIMIT_REACHED
    clock.advance(seconds=0.1)

    assert fake.check(ORDERS)


def test_units_of_a_season_are_there_at_its_first_check(fake, clock):
    windows = (
        Window(NOW - DAY, NOW + timedelta(seconds=0.5), "plan", Decimal(1)),
        Window(NOW + timedelta(seconds=0.5), None, "plan+season", Decimal(3)),
    )
    fake.grant({ORDERS: FeatureGrant(FeatureKind.METERED, windows, per="day")})
    assert [fake.check(ORDERS).allowed for _ in range(2)] == [True, False]
    clock.advance(seconds=0.5)

    assert [fake.check(ORDERS).remaining for _ in range(3)] == [1, 0, 0]


def test_a_stale_lease_is_not_spent_from(counting, signer, clock):
    assert counting.check(ORDERS)
    clock.advance(seconds=31)
    assert counting.check(ORDERS).reason is Reason.STALE

    counting.apply_heartbeat(signer(heartbeat(clock.now())))

    assert counting.check(ORDERS).remaining == 148


def test_prepared_spending_does_not_outlive_the_age_it_tolerates(counting, clock):
    clock.advance(seconds=29.75)
    assert counting.check(ORDERS)
    clock.advance(seconds=0.5)

    assert counting.check(ORDERS).reason is Reason.STALE


def test_a_stale_answer_that_stands_says_so_and_is_spent(fake, clock):
    fake.grant({ORDERS: granted(FeatureKind.METERED, 5, per="day", on_stale=OnStale.ALLOW)})
    fake.connected = False
    clock.advance(seconds=31)

    decision = fake.check(ORDERS)

    assert (decision.reason, decision.remaining) == (Reason.STALE_ALLOWED, 4)
    assert decision.age == 31


def test_the_age_of_a_decision_is_that_of_what_it_was_made_from(counting, clock):
    assert counting.check("inbound").age == 0
    clock.advance(seconds=12)

    assert counting.check("inbound").age == counting.check(ORDERS).age == 12
    assert counting.check("unheard_of").age == 12


def test_a_soft_limit_tells_and_never_refuses(fake):
    fake.grant({ORDERS: granted(FeatureKind.METERED, 2, per="day", mode=Mode.SOFT)})

    assert [fake.check(ORDERS, 2).remaining for _ in range(2)] == [0, -2]


def test_a_rolling_window_gives_back_what_is_older_than_it(fake, clock):
    fake.grant({ORDERS: granted(FeatureKind.METERED, 2, rolling_seconds=60)})
    assert fake.check(ORDERS)
    clock.advance(seconds=30)
    assert fake.check(ORDERS)
    clock.advance(seconds=29)
    assert not fake.check(ORDERS)
    clock.advance(seconds=1)

    assert [fake.check(ORDERS).allowed for _ in range(2)] == [True, False]


def test_a_rate_allows_its_burst_and_then_flows(fake, clock):
    fake.grant({"calls": granted(FeatureKind.RATE, "0.5", burst=Decimal(2))})
    assert [fake.check("calls").allowed for _ in range(3)] == [True, True, False]
    clock.advance(seconds=1)
    assert not fake.check("calls")
    clock.advance(seconds=1)
    assert [fake.check("calls").allowed for _ in range(2)] == [True, False]
    clock.advance(hours=1)

    assert [fake.check("calls").allowed for _ in range(3)] == [True, True, False]


def test_slots_are_held_not_spent(fake):
    fake.limit("counts", 1, kind=FeatureKind.CONCURRENCY)

    assert [fake.check("counts").remaining for _ in range(2)] == [1, 1]
    first = fake.hold("counts")
    assert first.hold is not None
    assert fake.hold("counts").decision.reason is Reason.LIMIT_REACHED
    assert not fake.check("counts")
    first.hold.confirm()

    assert fake.check("counts")


def test_what_is_held_is_confirmed_partly_and_once(fake):
    fake.limit(ORDERS, 10)
    held = fake.hold(ORDERS, 6)
    assert held.decision.remaining == 4

    held.hold.confirm(2)
    held.hold.confirm(6)
    held.hold.release()

    assert fake.check(ORDERS, 8).remaining == 0


def test_what_is_held_too_long_may_be_had_by_others(fake, clock):
    fake.limit(ORDERS, 10)
    lost, kept, saved = (fake.hold(ORDERS, 3, timeout=5).hold for _ in range(3))
    clock.advance(seconds=4.9)
    assert fake.hold(ORDERS, 2).decision.reason is Reason.LIMIT_REACHED
    kept.confirm(1)
    clock.advance(seconds=0.1)

    assert fake.check(ORDERS, 7).remaining == 2
    with pytest.raises(ReservationExpired):
        lost.confirm()
    lost.release()
    saved.confirm(2)
    assert fake.check(ORDERS, 0).remaining == 0


def test_a_hold_of_what_is_not_counted_is_a_decision_alone(fake):
    fake.allow("inbound")

    assert fake.hold("inbound").hold is None
    assert fake.hold("inbound").decision.allowed
    assert fake.hold("outbound").decision.reason is Reason.UNKNOWN_FEATURE


def test_before_the_first_snapshot_nothing_is_held(state):
    assert state.hold(ORDERS) == (Decision(allowed=False, reason=Reason.NO_SNAPSHOT), None)


def test_a_lower_limit_counts_at_the_next_check(fake):
    fake.limit(ORDERS, 10)
    fake.check(ORDERS, 6)
    fake.limit(ORDERS, 5)

    assert fake.check(ORDERS).reason is Reason.LIMIT_REACHED


def test_a_suspended_tenant_spends_nothing_and_goes_on_where_it_was(fake):
    fake.limit(ORDERS, 10)
    fake.check(ORDERS, 6)
    fake.stand(Standing.SUSPENDED)
    assert fake.check(ORDERS).reason is Reason.SUSPENDED
    fake.stand(Standing.ACTIVE)

    assert fake.check(ORDERS).remaining == 3


class Empty:
    """A ledger whose process holds no lease now."""

    def account(self, feature, grant, period, limit):
        return self

    def spend(self, units, at, timeout=0):
        return Reason.NO_LEASE

    hold = spend

    def left(self):
        return 0


@pytest.mark.parametrize("age", [0, 31])
def test_a_ledger_is_asked_for_an_account_once_a_second(fake, clock, age):
    fake.grant({ORDERS: granted(FeatureKind.METERED, 5, per="day", on_stale=OnStale.ALLOW)})
    fake.connected = False
    clock.advance(seconds=age)
    asked = []

    class Asked(Empty):
        def account(self, *about):
            asked.append(about)
            return self

    fake.attach(Asked())
    for _ in range(3):
        fake.check(ORDERS)
        fake.hold(ORDERS)
    assert len(asked) == 1
    clock.advance(seconds=1)
    fake.check(ORDERS)

    assert len(asked) == 2


def test_what_a_ledger_cannot_give_is_refused_for_its_reason(counting):
    counting.check(ORDERS)
    counting.attach(Empty())

    assert (counting.check(ORDERS).reason, counting.check(ORDERS).limit) == (Reason.NO_LEASE, 150)
    assert counting.hold(ORDERS) == (counting.check(ORDERS), None)
    assert counting.check("inbound").allowed
    counting.attach(None)
    assert counting.check(ORDERS).remaining is None


def test_many_threads_never_spend_more_than_the_limit(counting):
    spent = []

    def work():
        spent.extend(counting.check(ORDERS).allowed for _ in range(50))

    threads = [threading.Thread(target=work) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(spent), sum(spent)) == (1_000, 150)


def test_a_decision_is_true_where_it_allows_and_equal_whatever_its_age(counting, clock):
    allowed = counting.check("inbound")
    clock.advance(seconds=1)

    assert allowed
    assert not counting.check("stocktaking")
    assert allowed == counting.check("inbound") == replace_age(allowed)
    assert len({allowed, counting.check("inbound")}) == 1
    assert allowed != counting.check("outbound")
    assert allowed != tuple(allowed)


def replace_age(decision):
    return decision._replace(aged=lambda: 7.0)


def test_who_waits_for_a_revision_goes_on_when_it_comes(state, signer):
    heard = []
    waiting = threading.Thread(target=lambda: heard.append(state.wait_for(13, 10)))
    waiting.start()
    state.apply_snapshot(signer(make_snapshot()))
    assert heard == []

    state.apply_snapshot(signer(make_snapshot(revision=14)))
    waiting.join()

    assert heard == [True]
    assert state.wait_for(14, 0)
    assert not state.wait_for(15, 0.01)


async def test_a_task_waits_without_holding_up_the_others(state, signer):
    waiting = asyncio.create_task(state.wait_for_async(12, 10))
    await asyncio.sleep(0)
    await asyncio.to_thread(state.apply_snapshot, signer(make_snapshot()))

    assert await waiting
    assert await state.wait_for_async(12)
    assert not await state.wait_for_async(13, 0.01)


def test_a_child_of_a_fork_has_locks_of_its_own(state, signer):
    state.apply_snapshot(signer(make_snapshot()))
    envelope = signer(make_snapshot(revision=13))
    child = os.fork()
    if child == 0:
        signal.alarm(10)  # rather than wait for ever for a lock that nobody gives back
        state.apply_snapshot(envelope)
        os._exit(state.revision)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 13
    assert state.apply_snapshot(signer(make_snapshot(revision=14, tenant=TENANT)))


def test_a_snapshot_whose_limit_is_unchanged_goes_on_counting(fake):
    fake.limit(ORDERS, 10)
    fake.check(ORDERS, 4)
    fake.publish(replace(fake.snapshot, zone="Asia/Shanghai"))

    assert fake.check(ORDERS).remaining == 5
