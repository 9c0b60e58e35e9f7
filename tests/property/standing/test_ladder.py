"""Whoever does not pay goes down one announced step at a time, however rarely anybody looks."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from control_plane.catalog.domain import RUNGS, Ladder
from control_plane.sdk.snapshot import Standing
from control_plane.standing.domain import Case, Kind, Move, Reason, Step, Story, look

DEPTH = tuple(Standing)
START = datetime(2026, 3, 1, tzinfo=UTC)
ZONES = st.sampled_from(["Asia/Shanghai", "America/New_York", "Pacific/Apia", "Europe/Berlin"])


@st.composite
def ladders(draw, roomy=False):
    notice = draw(st.integers(1, 10))
    gaps = draw(st.lists(st.integers(notice if roomy else 1, 40), min_size=0, max_size=4))
    days = [draw(st.integers(0, 5))]
    for gap in gaps:
        days.append(days[-1] + gap)
    return Ladder(tuple(days), notice)


@st.composite
def lives(draw):
    """Debts that come, are settled in part or whole, and holds, at arbitrary hours."""
    hours = draw(st.lists(st.integers(1, 24 * 60), min_size=1, max_size=25))
    at, events = START, []
    for hour in hours:
        at += timedelta(hours=hour)
        kind = draw(st.sampled_from(["look", "look", "look", "owe", "settle", "hold", "release"]))
        days = draw(st.integers(-20, 40))
        events.append((at, kind, days))
    return events


def live(ladder, zone, events):
    """Return the steps with, for each, what was owed when it was taken; looks come in between."""
    story, since, steps = Story(), START, []
    for at, kind, days in events:
        if kind == "owe":
            since = at + timedelta(days=days)
        elif kind == "settle":
            since = None if days < 10 else (since and since + timedelta(days=days))
        elif kind in {"hold", "release"}:
            held = kind == "hold"
            until = at + timedelta(days=abs(days) + 1) if held else None
            step = Step(
                story.length + 1,
                Kind.HELD if held else Kind.RELEASED,
                story.standing,
                at,
                since,
                until,
                "",
                "",
            )
            steps.append((step, None))
            story = story.then(step)
        case = None if since is None else Case(ladder, since, zone)
        while isinstance(found := look(story, case, at), Move):
            step = Step(
                story.length + 1,
                found.kind,
                found.standing,
                at,
                since,
                found.effective_at,
                found.reason,
                "",
            )
            steps.append((step, case))
            story = story.then(step)
            assert len(steps) < 500, "it must come to rest"
        assert found is None or found > at
        assert case is not None or story.standing is Standing.ACTIVE
    return steps


@given(ladders(), ZONES, lives())
def test_every_step_down_is_the_next_one_on_its_day_and_was_announced_in_time(ladder, zone, events):
    standing, announced, entered = Standing.ACTIVE, None, None
    for step, case in live(ladder, zone, events):
        if step.kind is Kind.ANNOUNCED:
            announced = step
            assert step.effective_at >= case.later(step.at, ladder.notice)
        elif step.kind is Kind.HELD:
            announced = None
        elif step.kind is Kind.ENTERED and step.reason == Reason.OVERDUE:
            assert DEPTH.index(step.standing) == DEPTH.index(standing) + 1
            assert case.planned(step.standing) <= step.at
            assert announced is not None
            assert announced.standing is step.standing
            assert announced.effective_at <= step.at
            if entered and entered.reason == Reason.OVERDUE and standing in RUNGS:
                gap = ladder.day_of(step.standing) - ladder.day_of(standing)
                assert step.at >= case.later(entered.at, gap)
        if step.kind is Kind.ENTERED:
            standing, announced, entered = step.standing, None, step


@given(ladders(), ZONES, lives())
def test_nobody_goes_down_while_held(ladder, zone, events):
    until = None
    for step, _ in live(ladder, zone, events):
        if step.kind is Kind.HELD:
            until = step.effective_at
        elif step.kind is Kind.RELEASED:
            until = None
        elif step.reason == Reason.OVERDUE:
            assert until is None or until <= step.at


@given(ladders(), ZONES, lives())
def test_what_is_settled_is_restored_by_the_next_look(ladder, zone, events):
    standing = Standing.ACTIVE
    for step, case in live(ladder, zone, events):
        if step.kind is Kind.ENTERED and step.reason == Reason.SETTLED:
            assert DEPTH.index(step.standing) < DEPTH.index(standing)
            planned = case.planned(step.standing) if case else None
            assert step.standing is Standing.ACTIVE or planned <= step.at
        if step.kind is Kind.ENTERED:
            standing = step.standing


@given(ladders(roomy=True), ZONES, st.integers(0, 365))
def test_an_invoice_of_any_day_goes_down_on_exactly_the_days_agreed(ladder, zone, day):
    since = START + timedelta(days=day)
    case = Case(ladder, since, zone)
    story, at = Story(), since - timedelta(days=60)
    found = look(story, case, at)
    for _ in range(2 * len(ladder.days) + 40):
        if found is None:
            break
        if isinstance(found, Move):
            step = Step(
                story.length + 1,
                found.kind,
                found.standing,
                at,
                since,
                found.effective_at,
                found.reason,
                "",
            )
            if step.kind is Kind.ENTERED:
                assert at == case.planned(step.standing)
            story = story.then(step)
        else:
            at = found
        found = look(story, case, at)
    assert story.standing is ladder.rungs[-1]
