"""What must hold of recognition, for any line and any notes."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from billing.domain.revenue.recognition import (
    Reduction,
    RevenueLine,
    deferred_by,
    earned_by,
    earned_in_months,
    month_end,
    spread,
)

FIRST = date(2026, 1, 1)
days = st.integers(0, 500).map(lambda n: FIRST + timedelta(days=n))


@st.composite
def lines(draw: st.DrawFn) -> RevenueLine:
    first = draw(days)
    last = first + timedelta(days=draw(st.integers(0, 400)))
    net = draw(st.integers(0, 10**9))
    dated = draw(days)
    left, reductions = net, []
    for on in sorted(draw(st.lists(days, max_size=4))):
        minor = draw(st.integers(0, left))
        left -= minor
        if minor and on >= dated:
            reductions.append(Reduction(on, minor))
    return RevenueLine(net, first, last, dated, tuple(reductions))


@given(st.integers(-(10**12), 10**12), st.integers(1, 800))
def test_the_days_of_a_line_add_up_to_its_net_and_differ_by_one_unit_at_most(net, length):
    parts = [spread(net, length, n + 1) - spread(net, length, n) for n in range(length)]
    assert sum(parts) == net
    assert max(parts) - min(parts) <= 1


@given(lines(), days)
def test_earned_and_deferred_are_the_net_less_its_notes_on_every_day(line, on):
    credited = sum(r.minor for r in line.reductions if r.on <= on)
    invoiced = line.net if on >= line.dated else 0
    assert earned_by(line, on) + deferred_by(line, on) == invoiced - credited


@given(lines(), days)
def test_neither_is_ever_less_than_nothing(line, on):
    assert earned_by(line, on) >= 0
    assert deferred_by(line, on) >= 0


@given(lines())
def test_in_the_end_everything_left_is_earned(line):
    end = max(line.last, line.dated, *(r.on for r in line.reductions), FIRST)
    assert earned_by(line, end) == line.net - sum(r.minor for r in line.reductions)


@given(lines(), days)
def test_without_a_note_nothing_is_ever_taken_back(line, on):
    day_before = on - timedelta(days=1)
    if not any(r.on == on for r in line.reductions):
        assert earned_by(line, on) >= earned_by(line, day_before)


@given(lines(), days)
def test_months_add_up_to_what_is_earned_by_their_end(line, through):
    end = month_end(through)
    assert sum(minor for _, minor in earned_in_months(line, end)) == earned_by(line, end)


@given(lines(), days)
def test_a_month_that_has_ended_is_not_changed_by_what_is_asked_later(line, through):
    end = month_end(through)
    later = dict(earned_in_months(line, end + timedelta(days=400)))
    assert {m: v for m, v in later.items() if m <= end} == dict(earned_in_months(line, end))
