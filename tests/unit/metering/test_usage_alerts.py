"""Thresholds and forecasts of usage: exact, and from what is over of the period."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from control_plane.kernel.period import Period
from metering.domain.alerts import Found, forecast, forecast_exceeds, reached
from metering.domain.usage import UsagePoint

JANUARY = Period(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 31, tzinfo=UTC))  # 30 days
HOUR = timedelta(hours=1)


def hours(*quantities, start=JANUARY.start):
    return tuple(
        UsagePoint(start + n * HOUR, start + (n + 1) * HOUR, Decimal(q), 1)
        for n, q in enumerate(quantities)
    )


def expected(points, at, used, since=JANUARY.start, period=JANUARY):
    return forecast(points, period, since=since, at=at, used=Decimal(used))


def test_a_threshold_is_reached_at_its_share_and_not_before():
    limit = Decimal(300)

    assert reached(Decimal("149.999"), limit, (50, 80, 100)) == []
    assert reached(Decimal(150), limit, (50, 80, 100)) == [Found("50")]
    assert reached(Decimal(300), limit, (50, 80, 100)) == [Found("50"), Found("80"), Found("100")]
    assert reached(Decimal(400), limit, (120, 150)) == [Found("120")]
    assert reached(Decimal(5), Decimal(0), (50,)) == []


def test_the_forecast_goes_on_as_the_hours_that_are_over():
    used = [1] * 240  # ten days of thirty, one an hour
    at = JANUARY.start + 240 * HOUR

    assert expected(hours(*used), at, 240) == 720
    assert expected(hours(*used, 7), at + HOUR / 2, 247) == 247 + Fraction(479 * 2 + 1, 2)


def test_nothing_is_forecast_before_a_tenth_of_the_period_is_over():
    at = JANUARY.start + 72 * HOUR

    assert expected(hours(*[1] * 71), at - HOUR, 71) is None
    assert expected(hours(*[1] * 72), at, 72) == 720
    assert expected((), at, 0) is None


def test_the_pace_counts_from_when_the_feature_was_granted():
    since = JANUARY.start + timedelta(days=15)
    points = hours(*[0] * 360, *[2] * 72)

    assert expected(points, since + 72 * HOUR, 144, since=since) == 720


def test_nothing_is_forecast_of_a_period_shorter_than_a_day():
    period = Period(JANUARY.start, JANUARY.start + 3 * HOUR)

    assert expected(hours(5, 5), period.start + 2 * HOUR, 10, period=period) is None


def test_a_limit_that_is_reached_needs_no_forecast():
    assert forecast_exceeds(Fraction(721, 2), Decimal(300), Decimal(300)) == []
    assert forecast_exceeds(Fraction(300), Decimal(10), Decimal(300)) == []
    assert forecast_exceeds(Fraction(601, 2), Decimal(10), Decimal(300)) == [
        Found("forecast", Decimal(301))
    ]
    assert forecast_exceeds(None, Decimal(10), Decimal(300)) == []


@given(st.lists(st.integers(0, 1000), min_size=72, max_size=200), st.integers(0, 59))
def test_a_forecast_is_never_less_than_what_is_used(quantities, minutes):
    at = JANUARY.start + len(quantities) * HOUR + timedelta(minutes=minutes)
    used = sum(quantities)
    found = expected(hours(*quantities), at, used)

    assert found is not None
    assert found >= used
    assert (found == used) == (used == 0)
