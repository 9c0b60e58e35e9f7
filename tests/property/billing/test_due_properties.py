"""What must hold for any life of a subscription."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from billing.domain.due import due_lines, next_due_at
from billing.domain.lines import DueLine, LineKind
from billing.domain.pieces import pieces
from billing.domain.rating import rate
from control_plane.kernel.calendar import Interval
from control_plane.subscriptions.domain import Cancel, ChangePlan, Timeline
from tests.support.billing import GROWTH, SCALE, TWIN, VERSIONS, changed, started

START = datetime(2026, 1, 1, tzinfo=UTC)
END = datetime(2027, 9, 1, tzinfo=UTC)
ZONES = ("Asia/Shanghai", "America/New_York", "Europe/Berlin", "Pacific/Apia", "Asia/Kathmandu")

instants = st.datetimes(
    datetime(2026, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
    datetime(2027, 1, 1),  # noqa: DTZ001 - as above
    timezones=st.just(UTC),
)
plans = st.sampled_from((GROWTH, SCALE, TWIN))
intervals = st.sampled_from((Interval.MONTH, Interval.YEAR))


@st.composite
def lives(draw: st.DrawFn) -> Timeline:
    """A start, some plan changes at once or at a period's end, perhaps a cancellation."""
    moments = sorted(draw(st.lists(instants, min_size=1, max_size=6)))
    timeline = started(
        moments[0],
        draw(plans),
        interval=draw(intervals),
        zone=draw(st.sampled_from(ZONES)),
    )
    for moment in moments[1:]:
        # Now and then several things happen at the very same instant, or at a boundary.
        known = draw(st.sampled_from((moment, timeline.changes[-1].known_at)))
        segment = timeline.segment_at(known)
        if segment is None:
            break
        known = draw(st.sampled_from((known, segment.anchor.period_at(known).start)))
        known = max(known, timeline.changes[-1].known_at)
        segment = timeline.segment_at(known)
        if segment is None:
            break
        effective = draw(st.sampled_from((known, segment.anchor.period_at(known).end)))
        if timeline.ended_at is None:
            action = ChangePlan(draw(plans).id, draw(intervals))
            timeline = changed(timeline, action, effective, known)
    segment = timeline.segment_at(timeline.changes[-1].known_at)
    if segment is not None and draw(st.booleans()):
        known = timeline.changes[-1].known_at
        effective = draw(st.sampled_from((known, segment.anchor.period_at(known).end)))
        timeline = changed(timeline, Cancel(), max(effective, timeline.started_at), known)
    return timeline


def everything(timeline: Timeline) -> tuple[DueLine, ...]:
    return due_lines(timeline, VERSIONS, since=START, upto=END)


@given(lives())
def test_pieces_tile_the_life(timeline):
    spans = [piece.span for piece in pieces(timeline, since=START, upto=END)]

    assert all(a.end == b.start for a, b in pairwise(spans))
    if spans:
        assert spans[0].start == timeline.started_at
    if timeline.ended_at is not None and timeline.ended_at > timeline.started_at:
        assert spans[-1].end == timeline.ended_at


@given(lives())
def test_pieces_share_out_the_days_of_each_period_once(timeline):
    days: dict[object, int] = {}
    whole: dict[object, int] = {}
    for piece in pieces(timeline, since=START, upto=END):
        of_days = len(piece.period.days(piece.segment.anchor.zone))
        share = of_days if piece.share.whole else piece.share.days
        days[piece.period] = days.get(piece.period, 0) + share
        whole[piece.period] = of_days

    for period, used in days.items():
        # A life that ends on the day of its last change has that day all the same.
        assert used <= whole[period] + 1


@given(lives())
def test_line_keys_are_unique(timeline):
    keys = [line.key for line in everything(timeline)]

    assert len(keys) == len(set(keys))


@given(lives())
def test_a_line_once_due_is_due_for_ever_with_the_same_key_and_content(timeline):
    """Later entries add lines, and never take back or alter what was invoiced before them."""
    for count in range(1, len(timeline.changes)):
        known = Timeline(timeline.subscription_id, timeline.changes[:count])
        next_known_at = timeline.changes[count].known_at
        # What is due by the moment before the next entry has been invoiced.
        before = {x.key: x for x in everything(known) if x.due_at < next_known_at}
        later = {x.key: x for x in everything(timeline)}
        assert {key: later.get(key) for key in before} == before


@given(lives(), st.lists(instants, max_size=4))
def test_lines_come_out_the_same_in_one_run_or_in_many(timeline, stops):
    marks = [START, *sorted(stops), END]
    found: dict[str, DueLine] = {}
    for since, upto in pairwise(marks):
        found |= {line.key: line for line in due_lines(timeline, VERSIONS, since=since, upto=upto)}

    assert found == {line.key: line for line in everything(timeline)}


@given(lives())
def test_every_line_falls_due_at_an_announced_instant(timeline):
    announced = {change.effective_at for change in timeline.changes}
    mark = START
    while (following := next_due_at(timeline, mark)) is not None and following <= END:
        announced.add(following)
        mark = following

    assert {line.due_at for line in everything(timeline)} <= announced


@given(lives())
def test_usage_lines_follow_one_another_without_a_break(timeline):
    lines = [line for line in everything(timeline) if line.kind is LineKind.USAGE]

    for earlier, later in pairwise(lines):
        assert later.follows == earlier.key


@given(instants, st.timedeltas(timedelta(0), timedelta(days=400)), intervals)
def test_moving_between_equal_prices_nets_to_zero_at_every_instant(start, after, interval):
    timeline = started(start, GROWTH, interval=interval)
    moved = changed(timeline, ChangePlan(TWIN.id, interval), start + after)

    lines = [x for x in everything(moved) if x.kind in {LineKind.CREDIT, LineKind.CHARGE}]

    assert sum(rate(line).amount.minor for line in lines) == 0


@given(instants, st.timedeltas(timedelta(0), timedelta(days=29)))
def test_an_upgrade_and_the_first_fee_cost_each_day_at_one_price(start, after):
    timeline = changed(started(start), ChangePlan(SCALE.id, Interval.MONTH), start + after)
    lines = [x for x in everything(timeline) if x.service.start < timeline.anchor.boundary(1)]
    total = sum(rate(x).amount.minor for x in lines if x.kind is not LineKind.USAGE)

    period = timeline.anchor.period(0)
    late = period.day_fraction_after(start + after, "Asia/Shanghai")
    exact = Fraction(199900) * (1 - late) + Fraction(399900) * late

    assert abs(total - exact) <= 1  # two lines, each rounded by at most half a fen
