from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_plane.sdk.features import PERIODS, FeatureGrant, FeatureKind
from control_plane.sdk.quota import QuotaPeriod, quota_period

SHANGHAI = "Asia/Shanghai"
AT = datetime(2026, 11, 22, 22, 5, 7, tzinfo=UTC)  # 23 November, 06:05:07 in Shanghai


def metered(per=None, rolling=None):
    return FeatureGrant(FeatureKind.METERED, (), per=per, rolling_seconds=rolling)


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("per", "key", "start", "end"),
    [
        (
            "minute",
            "minute:2026-11-23T06:05+08:00",
            utc(2026, 11, 22, 22, 5),
            utc(2026, 11, 22, 22, 6),
        ),
        ("hour", "hour:2026-11-23T06+08:00", utc(2026, 11, 22, 22), utc(2026, 11, 22, 23)),
        ("day", "day:2026-11-23", utc(2026, 11, 22, 16), utc(2026, 11, 23, 16)),
        ("week", "week:2026-W48", utc(2026, 11, 22, 16), utc(2026, 11, 29, 16)),
        ("month", "month:2026-11", utc(2026, 10, 31, 16), utc(2026, 11, 30, 16)),
        ("quarter", "quarter:2026-Q4", utc(2026, 9, 30, 16), utc(2026, 12, 31, 16)),
        ("year", "year:2026", utc(2025, 12, 31, 16), utc(2026, 12, 31, 16)),
        ("ever", "ever", None, None),
    ],
)
def test_a_calendar_period_is_cut_in_the_tenants_zone(per, key, start, end):
    assert quota_period(metered(per), SHANGHAI, AT) == QuotaPeriod(key, start, end)


def test_a_rolling_window_starts_its_length_ago_and_keeps_its_key():
    period = quota_period(metered(rolling=86_400), SHANGHAI, AT)

    assert period == QuotaPeriod("rolling:86400", AT - timedelta(days=1), None)


def test_what_counts_in_no_period_counts_for_ever():
    slots = FeatureGrant(FeatureKind.CONCURRENCY, ())

    assert quota_period(slots, SHANGHAI, AT).key == "ever"


def test_an_hour_that_happens_twice_is_two_periods():
    first = quota_period(metered("hour"), "Europe/Berlin", utc(2026, 10, 25, 0, 30))
    second = quota_period(metered("hour"), "Europe/Berlin", utc(2026, 10, 25, 1, 30))

    assert (first.key, second.key) == ("hour:2026-10-25T02+02:00", "hour:2026-10-25T02+01:00")
    assert first.end == second.start


def test_the_last_days_of_a_year_may_be_of_the_first_week_of_the_next():
    period = quota_period(metered("week"), SHANGHAI, utc(2025, 12, 30))

    assert (period.key, period.end) == ("week:2026-W01", utc(2026, 1, 4, 16))


ZONES = st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu"])
CALENDAR = st.sampled_from([per for per in PERIODS if per != "ever"])
INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)).map(  # noqa: DTZ001 - made aware
    lambda at: at.replace(tzinfo=UTC)
)


@given(CALENDAR, ZONES, INSTANTS)
def test_an_instant_lies_in_its_period_and_periods_join_without_gap(per, zone, at):
    period = quota_period(metered(per), zone, at)
    following = quota_period(metered(per), zone, period.end)

    assert period.start <= at < period.end
    assert quota_period(metered(per), zone, period.start) == period
    assert following.start == period.end
    assert following.key != period.key


@given(CALENDAR, ZONES, st.lists(INSTANTS, min_size=2, max_size=6))
def test_two_instants_have_one_key_exactly_if_they_have_one_period(per, zone, moments):
    periods = [quota_period(metered(per), zone, at) for at in sorted(moments)]

    for earlier, later in pairwise(periods):
        assert (earlier.key == later.key) == (earlier.start == later.start)
