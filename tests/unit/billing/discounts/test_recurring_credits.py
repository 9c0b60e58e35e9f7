"""Credits that come again: cycles on the calendar, rests that lapse or roll over."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from billing.domain.discounts.burning import grants_in_order
from billing.domain.discounts.recurring import Rollover, Schedule, advance, occurrence_id
from control_plane.catalog.policies import BurnOrder
from control_plane.kernel.anchor import Anchor, Interval
from tests.support.assembling import money

START = datetime(2026, 1, 31, 2, tzinfo=UTC)
MONTHLY = Schedule(
    id=UUID(int=7),
    amount=money(100),
    reason="allowance",
    anchor=Anchor(START, "Asia/Shanghai", Interval.MONTH),
)


def months(n):
    return MONTHLY.anchor.boundary(n)


def after(schedule, n):
    """The grants as they stand when the n-th boundary was passed."""
    return advance(schedule, (), schedule.anchor.boundary(n)).grants


def amounts(grants):
    return [(g.nth, g.free.minor, g.expired.minor) for g in sorted(grants, key=lambda g: g.nth)]


def test_each_cycle_begins_and_ends_on_the_local_calendar():
    grants = after(MONTHLY, 2)

    assert sorted(g.granted_at.astimezone(UTC).date().isoformat() for g in grants) == [
        "2026-01-31",
        "2026-02-28",
        "2026-03-31",
    ]
    assert all(g.expires_at == months(g.nth + 1) for g in grants)


def test_without_rollover_the_rest_lapses_when_the_next_comes():
    assert amounts(after(MONTHLY, 2)) == [(0, 0, 100), (1, 0, 100), (2, 100, 0)]


def test_a_rest_rolls_over_as_often_as_it_may():
    twice = replace(MONTHLY, rollover=Rollover(2))

    assert amounts(after(twice, 2)) == [(0, 100, 0), (1, 100, 0), (2, 100, 0)]
    assert amounts(after(twice, 3)) == [(0, 0, 100), (1, 100, 0), (2, 100, 0), (3, 100, 0)]


def test_of_all_rests_the_youngest_pass_up_to_the_cap():
    capped = replace(MONTHLY, rollover=Rollover(None, money(150)))

    assert amounts(after(capped, 2)) == [(0, 50, 50), (1, 100, 0), (2, 100, 0)]
    assert amounts(after(capped, 3)) == [(0, 0, 100), (1, 50, 50), (2, 100, 0), (3, 100, 0)]


def test_what_never_ends_has_no_end_once_all_is_granted():
    endless = replace(MONTHLY, rollover=Rollover(None), times=2)
    standing = advance(endless, (), months(50))

    assert [g.expires_at for g in standing.grants] == [None, None]
    assert standing.schedule.following is None


def test_it_is_granted_as_often_as_was_said_and_then_only_ends():
    thrice = replace(MONTHLY, times=3)

    standing = advance(thrice, (), months(2))
    assert standing.schedule.next_at == months(3)
    over = advance(standing.schedule, standing.grants, months(9))
    assert amounts(over.grants) == [(0, 0, 100), (1, 0, 100), (2, 0, 100)]
    assert over.schedule.next_at is None


def test_an_ended_schedule_grants_nothing_more_and_takes_nothing_back():
    begun = advance(MONTHLY, (), months(1))
    ended = replace(begun.schedule, ended_at=months(1) + timedelta(days=3))

    assert amounts(advance(ended, begun.grants, months(1) + timedelta(days=20)).grants) == [
        (0, 0, 100),
        (1, 100, 0),
    ]
    assert amounts(advance(ended, begun.grants, months(5)).grants) == [(0, 0, 100), (1, 0, 100)]


def test_what_is_set_aside_rolls_over_with_the_rest():
    begun = advance(replace(MONTHLY, rollover=Rollover(1)), (), months(0))
    [grant] = begun.grants
    held = replace(grant, held=grant.free, free=money(0))

    later = advance(begun.schedule, [held], months(1)).grants

    [kept] = [g for g in later if g.nth == 0]
    assert (kept.held.minor, kept.expires_at) == (100, months(2))


def test_what_does_not_roll_over_is_burnt_first_where_that_is_the_policy():
    rolling = replace(MONTHLY, rollover=Rollover(1), priority=0)
    losing = replace(MONTHLY, id=UUID(int=8), priority=9)
    [keeps], [lost] = after(rolling, 0), after(losing, 0)
    lasting = replace(keeps, id=UUID(int=1), expires_at=None, rolls_left=0)
    given = [lasting, keeps, lost]

    by_priority = grants_in_order(given, BurnOrder.PRIORITY_EXPIRY_AGE)
    by_rollover = grants_in_order(given, BurnOrder.NON_ROLLOVER_FIRST)

    assert [g.id for g in by_priority] == [keeps.id, lasting.id, lost.id]
    assert [g.id for g in by_rollover] == [lost.id, keeps.id, lasting.id]


def test_a_rest_on_its_last_cycle_does_not_roll_over_any_more():
    rolling = replace(MONTHLY, rollover=Rollover(1))
    old, new = sorted(after(rolling, 1), key=lambda g: g.nth)

    assert (old.rolls_over, new.rolls_over) == (False, True)
    ordered = grants_in_order([new, old], BurnOrder.NON_ROLLOVER_FIRST)
    assert [g.nth for g in ordered] == [0, 1]


def test_a_cycles_grant_has_the_same_id_whoever_asks():
    first, again = (occurrence_id(MONTHLY.id, 3, months(3)) for _ in range(2))

    assert first == again
    assert (first.version, first.variant) == (7, "specified in RFC 4122")
    assert first != occurrence_id(MONTHLY.id, 4, months(3))


@pytest.mark.parametrize("stops", [1, 2, 7])
def test_late_or_step_by_step_the_same_comes_about(stops):
    capped = replace(MONTHLY, rollover=Rollover(3, money(120)), times=6)
    at_once = advance(capped, (), months(12))
    standing = advance(capped, (), START - timedelta(days=1))
    for n in range(12 * stops + 1):
        at = START + (months(12) - START) * n / (12 * stops)
        standing = advance(standing.schedule, standing.grants, at)

    assert sorted(standing.grants, key=lambda g: g.nth or 0) == sorted(
        at_once.grants, key=lambda g: g.nth or 0
    )
    assert standing.schedule == at_once.schedule
