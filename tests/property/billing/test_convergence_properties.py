"""Convergence under random histories: the path to a timeline leaves no trace in the amounts."""

from collections import defaultdict
from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from billing.domain.items import PolicyBook
from billing.domain.rating import Rated
from control_plane.kernel.calendar import Interval
from control_plane.kernel.ids import SubscriptionId
from control_plane.kernel.rounding import round_ratio
from control_plane.subscriptions.domain import Cancel, ChangePlan, Timeline
from tests.support.billing import GROWTH, SCALE, TWIN, at, changed, started
from tests.support.convergence import INSTANT, MemoryBilling

START = at("2026-01-31T15:00:00")
END = START + timedelta(days=400)

changes = st.lists(
    st.tuples(
        st.sampled_from([GROWTH, SCALE, TWIN]),
        st.sampled_from([Interval.MONTH, Interval.MONTH, Interval.YEAR]),
        st.integers(0, 24 * 200),  # effective, hours after the start
        st.integers(0, 24 * 90),  # recorded so many hours later
    ),
    max_size=5,
)


def histories(entries, cancelled):
    """One timeline twice: recorded as it happened, and recorded late."""
    prompt = late = started(START)
    known = START
    for plan, interval, hours, delay in entries:
        effective = START + timedelta(hours=hours)
        action = ChangePlan(plan.id, interval)
        known = max(known, effective + timedelta(hours=delay))
        prompt = changed(prompt, action, effective, effective)
        late = changed(late, action, effective, known)
    if cancelled is not None:
        effective = START + timedelta(hours=cancelled)
        prompt = changed(prompt, Cancel(), effective, effective)
        late = changed(late, Cancel(), effective, max(known, effective))
    return prompt, late


@settings(max_examples=60, deadline=None)
@given(entries=changes, cancelled=st.none() | st.integers(1, 24 * 220))
def test_whatever_the_path_what_stands_billed_is_what_is_owed(entries, cancelled):
    _, late = histories(entries, cancelled)
    along = MemoryBilling()
    along.close([late], END)

    fresh = MemoryBilling()
    fresh.converge([late], END, START - INSTANT, reach=START - INSTANT)

    assert along.standing() == fresh.standing()


@settings(max_examples=40, deadline=None)
@given(entries=changes)
def test_no_difference_is_ever_negative_and_nothing_is_cut_twice(entries):
    _, late = histories(entries, None)
    billing = MemoryBilling()
    billing.close([late], END)

    invoiced: dict[str, int] = {}
    for _, settled in billing.issued:
        for line in settled.lines:
            assert line.amount.minor >= 0
            assert line.key not in invoiced
            invoiced[line.key] = line.amount.minor
        for cut in settled.cuts:
            invoiced[cut.line_key] -= cut.amount.minor
            assert invoiced[cut.line_key] >= 0


TOGETHER = PolicyBook({"rounding_place": "invoice"})


def beside(timeline: Timeline) -> Timeline:
    """Another subscription of the same customer, by the very same plan all along."""
    other = SubscriptionId(UUID(int=99))
    changes = [replace(change, subscription_id=other) for change in timeline.changes]
    return Timeline(other, tuple(changes))


@settings(max_examples=40, deadline=None)
@given(entries=changes, cancelled=st.none() | st.integers(1, 24 * 220))
def test_what_is_rounded_together_depends_on_no_path_and_is_its_sum_rounded_once(
    entries, cancelled
):
    """A neighbour moves by a minor unit when what is due with it changes; the path leaves none."""
    _, late = histories(entries, cancelled)
    short = changed(started(START), Cancel(), START + timedelta(days=8))
    both = [late, beside(short)]
    along, fresh = MemoryBilling(policies=TOGETHER), MemoryBilling(policies=TOGETHER)
    along.close(both, END)
    last = fresh.converge(both, END, START - INSTANT, reach=START - INSTANT)

    assert along.standing() == fresh.standing()
    due: dict[datetime, list[Rated]] = defaultdict(list)
    for rated in last.rated:
        due[rated.item.due_at].append(rated)
        assert abs(rated.owed.major - rated.exact) < Fraction(1, 100)
    for group in due.values():
        owed = sum(rated.owed.minor for rated in group)
        assert owed == round_ratio(100 * sum((rated.exact for rated in group), Fraction(0)))
