from datetime import UTC, datetime, timedelta

import pytest

from control_plane.kernel.clock import FakeClock, SystemClock

NOON = datetime(2026, 1, 10, 12, tzinfo=UTC)


def test_the_system_clock_tells_utc_and_runs_forward():
    clock = SystemClock()
    first, monotonic = clock.now(), clock.monotonic()

    assert first.tzinfo is UTC
    assert clock.monotonic() >= monotonic


def test_a_fake_clock_stands_still():
    clock = FakeClock(NOON)

    assert clock.now() == clock.now() == NOON
    assert clock.monotonic() == 0


def test_advancing_moves_both_forms_of_time():
    clock = FakeClock(NOON)
    clock.advance(days=1, hours=2, minutes=3, seconds=4)

    assert clock.now() == NOON + timedelta(days=1, hours=2, minutes=3, seconds=4)
    assert clock.monotonic() == 93_784


def test_a_clock_is_never_advanced_backwards():
    with pytest.raises(ValueError, match="not advanced by"):
        FakeClock(NOON).advance(seconds=-1)


def test_setting_a_clock_back_leaves_monotonic_time_alone():
    clock = FakeClock(NOON)
    clock.set(NOON + timedelta(seconds=5))
    clock.set(NOON)

    assert clock.now() == NOON
    assert clock.monotonic() == 5
