"""Recurring revenue: what opened and what moved is what closed, for any histories."""

import itertools
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from billing.domain.revenue.mrr import Movement, Standing, Stretch, flow, movement, standing

START = datetime(2026, 1, 1, tzinfo=UTC)
instants = st.integers(0, 700).map(lambda n: START + timedelta(days=n))


@st.composite
def histories(draw: st.DrawFn) -> list[Stretch]:
    """What one customer's subscriptions recur with, gaps and overlaps included."""
    found = []
    for _ in range(draw(st.integers(0, 5))):
        start = draw(instants)
        end = None if draw(st.booleans()) else start + timedelta(days=draw(st.integers(1, 300)))
        monthly = Fraction(draw(st.integers(0, 10**7)), draw(st.sampled_from((1, 3, 12))))
        found.append(Stretch(start, end, monthly))
    return found


@given(st.lists(histories(), max_size=8), instants, st.integers(1, 200))
def test_opening_and_movements_make_the_closing(customers, at, length):
    later = at + timedelta(days=length)
    found = flow((standing(held, at), standing(held, later)) for held in customers)
    grown = sum(found.moved[m] for m in (Movement.NEW, Movement.EXPANSION, Movement.REACTIVATION))
    lost = found.moved[Movement.CONTRACTION] + found.moved[Movement.CHURN]
    assert found.opening + grown - lost == found.closing
    assert all(minor >= 0 for minor in found.moved.values())


@given(histories(), st.lists(instants, min_size=2, max_size=6))
def test_a_customer_is_new_once_at_most(held, moments):
    standings = [standing(held, at) for at in sorted(moments)]
    moved = [movement(a, b) for a, b in itertools.pairwise(standings)]
    assert sum(m is not None and m[0] is Movement.NEW for m in moved) <= 1


def test_a_pause_contracts_and_a_cancellation_churns():
    paying, paused = Standing(1000, True, True), Standing(0, True, True)
    gone, never = Standing(0, False, True), Standing(0, False, False)
    trial = Standing(0, True, False)
    assert movement(paying, paused) == (Movement.CONTRACTION, 1000)
    assert movement(paused, paying) == (Movement.EXPANSION, 1000)
    assert movement(paying, gone) == (Movement.CHURN, 1000)
    assert movement(gone, paying) == (Movement.REACTIVATION, 1000)
    assert movement(never, paying) == (Movement.NEW, 1000)
    assert movement(trial, paying) == (Movement.NEW, 1000)
    assert movement(trial, gone) is None
