"""Granted units are used up in order, lapse where they end, roll over where they renew."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from control_plane.catalog.domain import FeatureKind
from control_plane.entitlements.domain.burning import Balance, Burning, Ledger
from control_plane.entitlements.domain.carrying import next_turn, readings_due, with_balances
from control_plane.entitlements.domain.grants import PeriodUse, Reading, Rollover, TenantGrant
from control_plane.kernel.anchor import Anchor, Interval
from control_plane.kernel.ids import new_id
from control_plane.sdk.quota import quota_period
from control_plane.sdk.snapshot import FeatureGrant, Window

ZONE = "Asia/Shanghai"
LABELS = "outbound.labels"
MONTHLY = FeatureGrant(FeatureKind.METERED, (), per="month")
PLAN = (Window(datetime(2025, 1, 1, tzinfo=UTC), None, "plan:growth@1", Decimal(100)),)


def local(month, day=1, hour=0):
    """An instant of 2026 on the clock of Shanghai."""
    return datetime(2026, month, day, hour, tzinfo=UTC) - timedelta(hours=8)


def period_of(at):
    return quota_period(MONTHLY, ZONE, at)


def used(**months):
    """What was used by month: ``m01=30``."""
    found = {}
    for name, units in months.items():
        period = period_of(local(int(name[1:]), 2))
        found[period.key] = PeriodUse(period.key, period.start, period.end, units)
    return found


def grant(units, start, **more):
    return TenantGrant(new_id(), LABELS, Decimal(units), start, start, **more)


def burning(*grants, now, uses=(), base=PLAN, **more):
    return Burning(grants, base, period_of, now, dict(uses), **more)


def limits(one):
    """The windows from the present period on, by local day and month of their start."""
    return [
        ((w.start + timedelta(hours=8)).strftime("%m-%d"), int(w.value)) for w in with_balances(one)
    ]


def test_units_add_to_the_limit_and_what_was_used_of_them_is_gone_next_month():
    pack = grant(50, local(1, 10))

    january = burning(pack, now=local(1, 15), uses=used(m01=10))
    february = burning(pack, now=local(2, 1), uses=used(m01=130))

    assert limits(january)[-2:] == [("01-10", 150), ("02-01", 100)]
    assert limits(february)[-2:] == [("02-01", 120), ("03-01", 100)]


def test_the_plan_is_used_before_what_lasts_longer_unless_the_grant_says_otherwise():
    later, sooner = grant(50, local(1)), grant(50, local(1), priority=1)

    assert Ledger(burning(later, now=local(1, 20), uses=used(m01=60))).at_now()[later.id].used == 0
    assert Ledger(burning(sooner, now=local(1, 20), uses=used(m01=60))).at_now()[
        sooner.id
    ] == Balance(granted=50, used=50)


def test_grants_are_used_by_priority_then_expiry_then_age():
    first = grant(10, local(1), priority=1)
    ends = grant(10, local(1), expires_at=local(3))
    old = grant(10, local(1))
    young = replace(grant(10, local(1)), created_at=local(1, 2))

    found = Ledger(burning(young, old, ends, first, now=local(1, 20), uses=used(m01=125))).at_now()

    assert [found[g.id].used for g in (first, ends, old, young)] == [10, 10, 5, 0]


def test_what_has_ended_lapses_and_only_its_used_part_stays_in_the_month():
    pack = grant(50, local(1), expires_at=local(1, 16), priority=1)
    read = {local(1, 16): Reading(local(1, 16), "month:2026-01", 20)}

    now = burning(pack, now=local(1, 20), uses=used(m01=45), readings=read)

    # 20 were burnt from the pack before it ended; of the plan's 100 all else was used.
    assert limits(now)[-3:] == [("01-01", 150), ("01-16", 120), ("02-01", 100)]
    assert Ledger(now).at_now()[pack.id] == Balance(granted=50, used=20, lapsed=30)


def test_a_recurring_grant_carries_over_no_more_than_its_most_and_no_less_than_its_least():
    def left_in_march(**rollover):
        monthly = grant(
            30,
            local(1),
            priority=1,
            recurrence=Anchor(local(1), ZONE, Interval.MONTH),
            rollover=Rollover(**rollover),
        )
        one = burning(monthly, now=local(3), uses=used(m01=0, m02=10))
        return Ledger(one).at_now()[monthly.id].left

    assert left_in_march(most=0) == 30
    assert left_in_march() == 30 + 20 + 30
    assert left_in_march(most=25) == 30 + 25
    assert left_in_march(least=60) == 30 + 80
    assert left_in_march(least=200) == 30 + 220


def test_a_recurring_grant_comes_again_in_windows_ahead_of_time():
    monthly = grant(
        30,
        local(1, 11),
        recurrence=Anchor(local(1, 11), ZONE, Interval.MONTH),
        rollover=Rollover(most=0),
        expires_at=local(3, 20),
    )

    # Ahead the least is told: what comes for certain, and nothing that may be used up before.
    assert limits(burning(monthly, now=local(1, 12)))[-6:] == [
        ("01-11", 130),
        ("02-01", 100),
        ("02-11", 130),
        ("03-01", 100),
        ("03-11", 130),
        ("03-20", 100),
    ]


def test_an_override_is_the_last_word_and_burns_no_grant():
    pack = grant(50, local(1))
    base = (
        Window(local(1), local(2), "override:ovr_1", Decimal(10)),
        Window(local(2), None, "plan:growth@1", Decimal(100)),
    )
    overridden = burning(
        pack, now=local(2), uses=used(m01=10), base=base, last_words=[(local(1), local(2))]
    )

    assert limits(replace(overridden, now=local(1, 5)))[0] == ("01-01", 10)
    assert limits(overridden)[0] == ("02-01", 150)


def test_without_a_plan_units_are_a_window_of_their_own_and_end_it():
    pack = grant(50, local(1, 10), expires_at=local(1, 20))

    assert [
        (w.value, w.source.partition("_")[0], w.end)
        for w in with_balances(burning(pack, now=local(1, 11), base=()))
    ] == [(50, "grant:gra", local(1, 20))]


def test_withdrawing_a_grant_leaves_what_was_used_of_it():
    pack = grant(50, local(1), priority=1, ended_at=local(1, 16))
    read = {local(1, 16): Reading(local(1, 16), "month:2026-01", 20)}

    assert Ledger(burning(pack, now=local(1, 17), uses=used(m01=20), readings=read)).at_now()[
        pack.id
    ] == Balance(granted=50, used=20, lapsed=30)


def test_what_was_used_before_a_grant_began_is_not_taken_from_it():
    pack = grant(50, local(1, 10), priority=1)
    read = {local(1, 10): Reading(local(1, 10), "month:2026-01", 40)}

    one = burning(pack, now=local(1, 12), uses=used(m01=45), readings=read)

    assert Ledger(one).at_now()[pack.id].used == 5
    assert limits(one)[-2] == ("01-10", 150)


def test_a_turn_within_the_period_is_read_once_and_the_next_one_is_known():
    pack = grant(50, local(1, 10), expires_at=local(1, 20))
    one = burning(pack, now=local(1, 12), uses=used(m01=7))

    [reading] = readings_due(one)

    assert (reading.at, reading.key, reading.units) == (local(1, 10), "month:2026-01", 7)
    assert list(readings_due(replace(one, readings={reading.at: reading}))) == []
    assert next_turn(one) == local(1, 20)
    assert next_turn(replace(one, now=local(1, 20))) is None


def test_what_was_used_of_a_minute_changes_no_balance_by_the_month():
    pack = grant(50, local(1, 10), priority=1)
    read = {local(1, 10): Reading(local(1, 10), "month:2026-01", 40)}
    one = burning(pack, now=local(1, 20), uses=used(m01=65), readings=read)
    minutes = {
        key: PeriodUse(key, start, start + timedelta(minutes=1), 9)
        for key, start in (("minute:1", local(1, 12)), ("minute:2", local(1, 15, 3)))
    }
    mixed = replace(one, uses={**minutes, **one.uses})

    assert mixed.edges() == one.edges()
    assert Ledger(mixed).at_now() == Ledger(one).at_now()
    assert with_balances(mixed) == with_balances(one)
