"""Convergence under random histories: the path to a timeline leaves no trace in the amounts."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from control_plane.kernel.calendar import Interval
from control_plane.subscriptions.domain import Cancel, ChangePlan
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
