"""The projected total per period: the mean of what the last closed periods would have cost."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

from billing.domain.life.projecting import PlanProjection, PricedPeriod, Projection
from control_plane.kernel.calendar import Period
from control_plane.kernel.currency import currency

CNY = currency("CNY")


def plan(fees, *usages, label="growth@1"):
    start = datetime(2026, 1, 1, tzinfo=UTC)
    periods = tuple(
        PricedPeriod(
            Period(start + timedelta(30 * n), start + timedelta(30 * n + 30)),
            Fraction(fees),
            Fraction(usage),
        )
        for n, usage in enumerate(usages)
    )
    return PlanProjection(label, CNY, Fraction(fees), periods)


def test_the_total_is_the_mean_of_the_periods_there_are():
    assert plan(100, 10, 20, 60).total.minor == 13_000
    assert plan(100, 10, 20).total.minor == 11_500
    assert plan(100, 10).usage.minor == 1_000


def test_without_a_closed_period_only_the_fees_count():
    assert plan(100).total.minor == 10_000
    assert plan(100).usage.minor == 0


def test_a_mean_is_rounded_once_half_away_from_zero():
    assert plan(0, "0.01", "0.00").total.minor == 1  # half a fen
    assert plan(0, "0.01", "0.00", "0.00").total.minor == 0


def test_the_inputs_tell_every_period_and_hold_no_float():
    inputs = Projection(plan(100, 10), plan(200, 5, label="scale@1")).inputs()
    assert inputs["after"] == {
        "plan": "scale@1",
        "total_minor": 20_500,
        "fees": "200",
        "periods": [
            {
                "start": "2026-01-01T00:00:00Z",
                "end": "2026-01-31T00:00:00Z",
                "fees": "200",
                "usage": "5",
            }
        ],
    }
