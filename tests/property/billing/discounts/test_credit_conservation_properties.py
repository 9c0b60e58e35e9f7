"""Whatever is granted, spent, set aside, rolled over and lapses: nothing appears or is lost."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from billing.domain.discounts.recurring import Rollover, Schedule, Standing, advance
from control_plane.kernel.anchor import Anchor, Interval
from tests.support.assembling import money

START = datetime(2026, 1, 31, 2, tzinfo=UTC)

schedules = st.builds(
    lambda amount, interval, count, times, cycles, most: Schedule(
        id=UUID(int=7),
        amount=money(amount),
        reason="random",
        anchor=Anchor(START, "Europe/Berlin", interval, count),
        rollover=Rollover(cycles, None if most is None else money(most)),
        times=times,
    ),
    st.integers(1, 1000),
    st.sampled_from([Interval.DAY, Interval.WEEK, Interval.MONTH]),
    st.integers(1, 3),
    st.none() | st.integers(1, 6),
    st.none() | st.integers(0, 4),
    st.none() | st.integers(1, 1500),
)
deeds = st.lists(
    st.tuples(
        st.sampled_from(["wait", "spend", "hold", "release", "end"]),
        st.integers(0, 9),
        st.integers(1, 1000),
    ),
    max_size=25,
)


def _changed(grants, place, deed, much):
    """One grant's rest spent in part, set aside, or freed."""
    if not grants:
        return grants
    chosen = grants[place % len(grants)]
    if deed == "spend":
        minor = min(much, chosen.free.minor)
        done = replace(chosen, free=chosen.free - money(minor), spent=chosen.spent + money(minor))
    elif deed == "hold":
        done = replace(chosen, free=money(0), held=chosen.held + chosen.free)
    else:
        done = replace(chosen, held=money(0), free=chosen.free + chosen.held)
    return tuple(done if g.id == chosen.id else g for g in grants)


def _check(standing: Standing, at):
    schedule = standing.schedule
    for g in standing.grants:
        assert g.granted == g.spent + g.held + g.free + g.expired
        assert min(g.spent.minor, g.held.minor, g.free.minor, g.expired.minor) >= 0
        # What may still be used has not ended; a release alone frees what has.
        assert g.expires_at is None or g.expires_at > at or not g.free.minor or g.rolls_left == 0
    numbers = sorted(g.nth for g in standing.grants)
    assert numbers == list(range(len(numbers)))
    assert schedule.times is None or len(numbers) <= schedule.times
    assert schedule.next_at is None or schedule.next_at > at


def _carried(standing: Standing, at):
    """What may be used of former cycles once a boundary was passed.

    What was set aside at its end, and released since, lapses: nobody may use it.
    """
    newest = max(g.granted_at for g in standing.grants)
    former = [g for g in standing.grants if g.granted_at < newest]
    return sum(g.free.minor for g in former if g.expires_at is None or g.expires_at > at)


@settings(max_examples=80, deadline=None)
@given(schedules, deeds)
def test_a_schedule_conserves_every_unit_it_grants(schedule, life):
    at, standing = START, advance(schedule, (), START)
    for deed, place, much in life:
        if deed == "wait":
            following = standing.schedule.next_at
            at += timedelta(days=place, seconds=much)
            standing = advance(standing.schedule, standing.grants, at)
            most = schedule.rollover.most
            if most is not None and following is not None and following <= at:
                assert _carried(standing, at) <= most.minor
        elif deed == "end":
            standing = replace(standing, schedule=replace(standing.schedule, ended_at=at))
        else:
            grants = _changed(standing.grants, place, deed, much)
            standing = replace(standing, grants=grants)
        _check(standing, at)


@settings(max_examples=60, deadline=None)
@given(schedules, st.lists(st.integers(0, 40), min_size=1, max_size=12))
def test_any_delay_of_the_scheduler_ends_at_the_same_grants(schedule, waits):
    at, standing = START, advance(schedule, (), START)
    for days in waits:
        at += timedelta(days=days)
        standing = advance(standing.schedule, standing.grants, at)

    at_once = advance(schedule, (), at)
    assert sorted(standing.grants, key=lambda g: g.nth or 0) == sorted(
        at_once.grants, key=lambda g: g.nth or 0
    )
    assert standing.schedule == at_once.schedule
