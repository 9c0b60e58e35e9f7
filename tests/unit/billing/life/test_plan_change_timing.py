"""When a plan change takes effect: the whole table."""

from fractions import Fraction

import pytest

from billing.domain.life.timing import ChangeTiming, Comparison, plan_change_timing
from control_plane.catalog.policies import PlanChangeTiming

ONCE, END = ChangeTiming.AT_ONCE, ChangeTiming.AT_PERIOD_END
RULE, PRICE = PlanChangeTiming.BY_LIMITS_AND_FEE, PlanChangeTiming.BY_RECURRING_PRICE


@pytest.mark.parametrize(
    ("policy", "limits", "fees", "projected", "expected"),
    [
        # A limit or the daily fee rises: at once.
        (RULE, "rise", (10, 10), None, ONCE),
        (RULE, "rise", (10, 5), None, ONCE),
        (RULE, "both", (10, 5), None, ONCE),
        (RULE, "same", (10, 11), None, ONCE),
        (RULE, "fall", (10, 11), None, ONCE),
        # Neither does: at the period's end.
        (RULE, "fall", (10, 10), None, END),
        (RULE, "same", (10, 9), None, END),
        (RULE, "same", (10, 10), None, END),
        # A tie is broken by what both plans are expected to cost.
        (RULE, "same", (10, 10), (100, 101), ONCE),
        (RULE, "same", (10, 10), (100, 100), END),
        (RULE, "same", (10, 10), (101, 100), END),
        # What is no tie is not: less for less stays a downgrade, whatever the usage.
        (RULE, "fall", (10, 10), (100, 200), END),
        (RULE, "same", (10, 9), (100, 200), END),
        # By recurring price, limits do not count.
        (PRICE, "rise", (10, 10), None, END),
        (PRICE, "rise", (10, 9), None, END),
        (PRICE, "fall", (10, 11), None, ONCE),
        (PRICE, "rise", (10, 10), (100, 101), ONCE),
        # The other two policies ask nothing.
        (PlanChangeTiming.AT_ONCE, "fall", (10, 5), (100, 50), ONCE),
        (PlanChangeTiming.AT_PERIOD_END, "rise", (10, 20), (100, 200), END),
    ],
)
def test_timing(policy, limits, fees, projected, expected):
    before, after = projected or (None, None)
    found = Comparison(
        limit_rises=limits in {"rise", "both"},
        limit_falls=limits in {"fall", "both"},
        daily_before=Fraction(fees[0]),
        daily_after=Fraction(fees[1]),
        projected_before=None if before is None else Fraction(before),
        projected_after=None if after is None else Fraction(after),
    )
    assert plan_change_timing(policy.value, found) is expected
