"""Durations: ISO 8601 texts, moved along a local calendar."""

from datetime import UTC, datetime, timedelta

import pytest

from control_plane.kernel.duration import Duration, InvalidDuration, parse_duration

SHANGHAI = "Asia/Shanghai"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("P30D", Duration(days=30)),
        ("P2W", Duration(days=14)),
        ("P5Y", Duration(months=60)),
        ("P1Y6M2DT3H4M5S", Duration(18, 2, timedelta(hours=3, minutes=4, seconds=5))),
        ("PT12H", Duration(elapsed=timedelta(hours=12))),
    ],
)
def test_a_text_says_months_days_and_time(text: str, expected: Duration) -> None:
    assert parse_duration(text) == expected


@pytest.mark.parametrize(
    "text", ["", "P", "PT", "P1DT", "30D", "P-1D", "P1.5D", "P0D", "p1d", "P1D "]
)
def test_anything_else_is_refused_with_its_value(text: str) -> None:
    with pytest.raises(InvalidDuration) as refused:
        parse_duration(text)

    assert refused.value.fields["value"] == text


def test_a_month_after_the_31st_is_the_months_last_day() -> None:
    at = datetime(2026, 1, 31, 4, tzinfo=UTC)

    assert parse_duration("P1M").after(at, SHANGHAI) == datetime(2026, 2, 28, 4, tzinfo=UTC)


def test_days_keep_the_local_time_across_a_clock_change() -> None:
    noon_in_berlin = datetime(2026, 3, 28, 11, tzinfo=UTC)

    assert parse_duration("P1D").after(noon_in_berlin, "Europe/Berlin") == datetime(
        2026, 3, 29, 10, tzinfo=UTC
    )


@pytest.mark.parametrize("text", ["P9999Y", "P999999D"])
def test_the_calendar_ends_somewhere(text: str) -> None:
    at = datetime(9990, 1, 1, tzinfo=UTC)

    with pytest.raises(InvalidDuration):
        parse_duration(text).after(at, SHANGHAI)
