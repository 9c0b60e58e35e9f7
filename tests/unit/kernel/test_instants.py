from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from control_plane.kernel.calendar import (
    InvalidInstant,
    NaiveInstant,
    UnknownZone,
    as_utc,
    instant_text,
    load_zone,
    local_date,
    local_day_start,
    parse_instant,
    resolve_local,
    tzdata_version,
    wall_clock_text,
    zone_names,
)

SHANGHAI = "Asia/Shanghai"


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_instants_are_carried_in_utc():
    east = timezone(timedelta(hours=8))

    assert as_utc(datetime(2026, 1, 10, 10, tzinfo=east)) == utc("2026-01-10T02:00")
    assert as_utc(datetime(2026, 1, 10, 10, tzinfo=east)).tzinfo is UTC
    with pytest.raises(NaiveInstant):
        as_utc(datetime(2026, 1, 10))  # noqa: DTZ001 - the mistake under test


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("2026-01-10T02:00:00Z", "2026-01-10T02:00:00Z"),
        ("2026-01-10T10:00:00+08:00", "2026-01-10T02:00:00Z"),
        ("2026-01-10T02:00:00.25Z", "2026-01-10T02:00:00.250000Z"),
    ],
)
def test_instants_have_one_canonical_text(text, canonical):
    assert instant_text(parse_instant(text)) == canonical


@pytest.mark.parametrize(
    ("zone", "told"), [(SHANGHAI, "2026-01-11 00:30"), ("America/New_York", "2026-01-10 11:30")]
)
def test_people_read_an_instant_by_their_own_clock(zone, told):
    assert wall_clock_text(parse_instant("2026-01-10T16:30:59Z"), zone) == told


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-01-10",
        "2026-13-10T02:00:00Z",
        "2026-01-10T02:00:60Z",
        "2026-W02-6T02:00Z",
        "0001-01-01T00:00:00+14:00",
        "2026-01-10 02:00:00Z",
        "2026-01-10T02:00Z",
    ],
)
def test_what_is_no_rfc_3339_time_is_refused(text):
    with pytest.raises(InvalidInstant):
        parse_instant(text)


def test_a_time_without_offset_is_refused_as_such():
    with pytest.raises(NaiveInstant):
        parse_instant("2026-01-10T02:00:00")


def test_zones_come_from_the_pinned_wheel_and_name_their_version(monkeypatch):
    monkeypatch.setenv("PYTHONTZPATH", "/nonexistent")

    assert load_zone(SHANGHAI).key == SHANGHAI
    assert {SHANGHAI, "Europe/Berlin", "UTC"} <= zone_names()
    assert tzdata_version().startswith("20")


@pytest.mark.parametrize("name", ["", "Asia", "Mars/Olympus", "../../etc/passwd", "asia/shanghai"])
def test_an_unknown_zone_is_refused(name):
    with pytest.raises(UnknownZone):
        load_zone(name)


@pytest.mark.parametrize(
    ("wall", "zone", "instant"),
    [
        ("2026-03-29T02:30", "Europe/Berlin", "2026-03-29T01:30"),  # skipped: becomes 03:30
        ("2026-10-25T02:30", "Europe/Berlin", "2026-10-25T00:30"),  # twice: the first
        ("2026-06-01T00:00", SHANGHAI, "2026-05-31T16:00"),
    ],
)
def test_local_times_are_resolved_by_the_rules(wall, zone, instant):
    assert resolve_local(datetime.fromisoformat(wall), zone) == utc(instant)


@pytest.mark.parametrize(
    ("wall", "instant"),
    [
        ("2026-03-29T02:30", "2026-03-29T00:30"),  # skipped: becomes 01:30
        ("2026-10-25T02:30", "2026-10-25T01:30"),  # twice: the second
        ("2026-06-01T00:00", "2026-05-31T22:00"),
    ],
)
def test_local_times_can_be_resolved_the_other_way(wall, instant):
    at = datetime.fromisoformat(wall)

    assert resolve_local(at, "Europe/Berlin", second=True, backward=True) == utc(instant)


@pytest.mark.parametrize(
    ("day", "zone", "start"),
    [
        ("2026-06-01", SHANGHAI, "2026-05-31T16:00"),
        ("2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00"),  # midnight skipped
        ("2026-11-01", "America/Havana", "2026-11-01T04:00"),  # midnight twice: the first
        ("2011-12-31", "Pacific/Apia", "2011-12-30T10:00"),
        ("2011-12-30", "Pacific/Apia", "2011-12-30T10:00"),  # a day that never was
        ("1919-03-31", "America/Toronto", "1919-03-31T04:30"),  # 23:30 became 00:30
    ],
)
def test_a_local_day_starts_at_its_first_instant(day, zone, start):
    assert local_day_start(date.fromisoformat(day), zone) == utc(start)


@pytest.mark.parametrize(
    ("at", "zone", "day"),
    [
        ("2026-05-31T15:59:59", SHANGHAI, "2026-05-31"),
        ("2026-05-31T16:00", SHANGHAI, "2026-06-01"),
        ("2010-11-07T02:31", "America/St_Johns", "2010-11-07"),
        (
            "2010-11-07T02:45",
            "America/St_Johns",
            "2010-11-07",
        ),  # 23:15 of the 6th, for a second time
    ],
)
def test_instants_belong_to_local_days_that_only_go_forward(at, zone, day):
    assert local_date(utc(at), zone) == date.fromisoformat(day)
