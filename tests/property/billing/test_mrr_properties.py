"""Recurring revenue: what opened and what moved is what closed, for any histories."""

import itertools
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from billing.domain.revenue.mrr import Movement, Standing, flow, movement, standing
from billing.domain.revenue.recurring import Stretch

START = datetime(2026, 1, 1, tzinfo=UTC)
RAISED = START + timedelta(days=60)
instants = st.integers(0, 100).map(lambda n: START + timedelta(days=n))


def tax(category: str, at: datetime) -> Fraction:
    """A standard rate that rises on a day; what is reduced stays."""
    if category != "standard":
        return Fraction(6, 100)
    return Fraction(13 if at <= RAISED else 17, 100)


amounts = st.just({}) | st.dictionaries(
    st.sampled_from(("standard", "reduced")),
    st.builds(Fraction, st.integers(1, 10**7), st.sampled_from((1, 3, 12))),
    min_size=1,
)
"""A pause, or what recurs by tax category."""


@st.composite
def lives(draw: st.DrawFn) -> list[Stretch]:
    """A subscription's states one after the other, pauses and gaps between lives among them."""
    found: list[Stretch] = []
    start = draw(instants)
    for _ in range(draw(st.integers(1, 4))):
        end = start + timedelta(days=draw(st.integers(1, 40)))
        if draw(st.integers(0, 4)):
            found.append(Stretch(start, end, draw(amounts), inclusive=draw(st.booleans())))
        start = end
    return found


histories = st.lists(lives(), max_size=2).map(lambda held: [*itertools.chain(*held)])
"""What a customer's subscriptions recur with."""


@given(st.lists(histories, max_size=8), instants, st.integers(1, 60))
def test_opening_and_movements_make_the_closing(customers, at, length):
    later = at + timedelta(days=length)
    found = flow((standing(held, at, tax), standing(held, later, tax)) for held in customers)
    grown = sum(found.moved[m] for m in (Movement.NEW, Movement.EXPANSION, Movement.REACTIVATION))
    lost = found.moved[Movement.CONTRACTION] + found.moved[Movement.CHURN]
    assert found.opening + grown - lost == found.closing
    assert all(minor >= 0 for minor in found.moved.values())


@given(st.lists(histories, max_size=6), st.lists(instants, min_size=3, max_size=6))
def test_a_month_opens_with_what_the_one_before_closed_with(customers, moments):
    flows = [
        flow((standing(held, a, tax), standing(held, b, tax)) for held in customers)
        for a, b in itertools.pairwise(sorted(moments))
    ]
    assert all(a.closing == b.opening for a, b in itertools.pairwise(flows))


@given(st.lists(histories, max_size=8), instants, st.integers(1, 60))
def test_net_retention_is_what_the_customers_of_the_opening_pay_now(customers, at, length):
    later = at + timedelta(days=length)
    months = [(standing(held, at, tax), standing(held, later, tax)) for held in customers]
    paid = [(before, after) for before, after in months if before.monthly]
    found = flow(months)
    if not paid:
        assert found.net_retention is None
        return
    opening = sum(before.monthly for before, _ in paid)
    assert found.net_retention == Fraction(sum(after.monthly for _, after in paid), opening)
    kept = sum(min(before.monthly, after.monthly) for before, after in paid)
    assert found.gross_retention == Fraction(kept, opening)


@given(histories, st.lists(instants, min_size=2, max_size=6))
def test_a_customer_is_new_once_at_most(held, moments):
    standings = [standing(held, at) for at in sorted(moments)]
    moved = [movement(a, b) for a, b in itertools.pairwise(standings)]
    assert sum(m is not None and m[0] is Movement.NEW for m in moved) <= 1


def test_a_pause_contracts_a_cancellation_churns_and_both_reactivate():
    paying, paused = Standing(1000, True, True), Standing(0, True, True)
    gone, never = Standing(0, False, True), Standing(0, False, False)
    trial = Standing(0, True, False)
    assert movement(paying, paused) == (Movement.CONTRACTION, 1000)
    assert movement(paused, paying) == (Movement.REACTIVATION, 1000)
    assert movement(paying, gone) == (Movement.CHURN, 1000)
    assert movement(gone, paying) == (Movement.REACTIVATION, 1000)
    assert movement(never, paying) == (Movement.NEW, 1000)
    assert movement(trial, paying) == (Movement.NEW, 1000)
    assert movement(trial, gone) is None
