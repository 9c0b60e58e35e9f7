import pytest

from control_plane.kernel.clock import FakeClock
from control_plane.sdk.courier import ControlPlaneBusy, Courier, wait_asked_for
from tests.unit.sdk.conftest import NOW


async def test_while_asked_to_wait_nothing_is_sent():
    clock, calls = FakeClock(NOW), []
    busy = [ControlPlaneBusy(status=429, seconds=7)]

    async def send(events):
        calls.append(events)
        if busy:
            raise busy.pop()
        return [{"status": "accepted"}]

    courier = Courier(send, clock)
    with pytest.raises(ControlPlaneBusy):
        await courier([{"id": "1"}])
    clock.advance(seconds=6)
    with pytest.raises(ControlPlaneBusy, match="1"):
        await courier([{"id": "1"}])
    assert len(calls) == 1

    clock.advance(seconds=1)
    assert await courier([{"id": "1"}]) == [{"status": "accepted"}]


async def test_nobody_can_ask_for_more_than_five_minutes():
    clock = FakeClock(NOW)
    courier = Courier(lambda _: _refuse(1e9), clock)
    with pytest.raises(ControlPlaneBusy):
        await courier([])
    clock.advance(seconds=300)
    with pytest.raises(ControlPlaneBusy, match="503"):
        await courier([])


async def _refuse(seconds):
    raise ControlPlaneBusy(status=503, seconds=seconds)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7),
        (" 0 ", 0),
        ("Sat, 10 Jan 2026 02:00:30 GMT", 30),
        (None, 0),
        ("soon", 0),
        ("-5", 0),
        ("Sat, 10 Jan 99999999999999999999 02:00:30 GMT", 0),
    ],
)
def test_a_wait_is_seconds_or_a_date(header, seconds):
    assert wait_asked_for(header, NOW) == seconds
