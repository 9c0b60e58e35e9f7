"""For any history, segments tile the life of the subscription and nothing rewrites the past."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from control_plane.kernel.calendar import Period
from control_plane.kernel.errors import TallyardError
from control_plane.subscriptions.domain import Status
from tests.support.histories import DAYS, PLANS, history, steps
from tests.support.timelines import at, changed


@given(steps)
def test_segments_tile_the_life_without_gap_or_overlap(drawn):
    timeline = history(drawn)

    segments = timeline.segments
    if timeline.ended_at == timeline.started_at:
        assert segments == ()
        return
    assert segments[0].start == timeline.started_at
    assert segments[-1].end == timeline.ended_at
    for earlier, later in itertools.pairwise(segments):
        assert earlier.end == later.start
        assert earlier.start < later.start


@given(steps, DAYS)
def test_one_plan_holds_exactly_while_the_subscription_is_active(drawn, day):
    timeline = history(drawn)

    assert (timeline.plan_at(at(day)) is not None) == (timeline.status_at(at(day)) is Status.ACTIVE)
    assert sum(segment.holds(at(day)) for segment in timeline.segments) <= 1


@given(steps, DAYS, st.integers(1, 60))
def test_the_segments_of_a_period_add_up_to_its_active_part(drawn, first, length):
    timeline = history(drawn)
    period = Period(at(first), at(first + length))

    pieces = [piece for piece, _ in timeline.plan_segments(period)]

    for piece, plan in timeline.plan_segments(period):
        assert timeline.plan_at(piece.start) == plan
        assert period.start <= piece.start < piece.end <= period.end
    active = sum(timeline.plan_at(at(first + n)) is not None for n in range(length))
    assert sum(piece.length.days for piece in pieces) == active


@given(steps, st.integers(0, 10), st.integers(0, 10), DAYS)
def test_what_was_known_by_a_moment_never_changes(drawn, earlier, later, day):
    timeline = history(drawn)
    first, last = sorted((earlier, later))

    then = timeline.known_by(at(first))
    through_later = timeline.known_by(at(last)).known_by(at(first))

    assert then == through_later
    assert then.plan_at(at(day)) == through_later.plan_at(at(day))


@given(steps, DAYS, DAYS, st.sampled_from(PLANS))
def test_a_further_change_leaves_everything_before_its_instant(drawn, day, asked, plan):
    timeline = history(drawn)
    try:
        longer = changed(timeline, plan, day, known=100)
    except TallyardError:
        return

    if asked < day:
        assert longer.plan_at(at(asked)) == timeline.plan_at(at(asked))
    elif timeline.status_at(at(asked)) is Status.ACTIVE:
        assert longer.plan_at(at(asked)) == plan
