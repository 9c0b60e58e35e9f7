import pytest

from control_plane.kernel.ids import TenantId, new_id
from metering.errors import IngestOverloaded
from metering.errors_load import EventsOverShare
from metering.services.admission import Admission

MANY, FEW, THIRD = (TenantId(new_id()) for _ in range(3))


def admission() -> Admission:
    return Admission(100, IngestOverloaded, EventsOverShare)


def test_one_tenant_is_slowed_down_at_half_and_all_when_everything_is_held():
    room = admission()
    with room.holding(MANY, 40), room.holding(MANY, 10):
        with pytest.raises(EventsOverShare), room.holding(MANY, 1):
            pass
        with room.holding(FEW, 45):
            with pytest.raises(IngestOverloaded), room.holding(THIRD, 6):
                pass
            with room.holding(THIRD, 5):
                assert room.held == 100
    assert room.held == 0
    assert room._shares == {}


def test_what_comes_alone_is_let_in_however_large():
    room = admission()
    with room.holding(MANY, 1_000):
        with pytest.raises(IngestOverloaded), room.holding(FEW, 1):
            pass
        with pytest.raises(EventsOverShare), room.holding(MANY, 1):
            pass


def test_a_hold_grows_and_shrinks_and_a_refused_growth_changes_nothing():
    room = admission()
    with room.holding(MANY, 30) as hold, room.holding(FEW, 50):
        with pytest.raises(EventsOverShare):
            hold.resize(51)
        assert (room.held, hold.amount) == (80, 30)
        hold.resize(10)
        assert room.held == 60
    assert room.held == 0


def test_a_delivery_that_fails_lets_go_of_what_it_held():
    room = admission()
    with pytest.raises(ValueError, match="unreadable"), room.holding(MANY, 10):
        raise ValueError("unreadable")
    assert room.held == 0
