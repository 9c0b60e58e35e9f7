"""When a successor may say that all usage is metered: once no earlier process can spend."""

import pytest

from tests.support.lease_recoveries import Replaced
from tests.support.lease_world import Overshoot


def _spends_after_the_word(*, heard: bool, waits: bool) -> Replaced:
    life = Replaced(heard=heard, waits=waits)
    life.drain()
    if not heard:
        life.hear_late()
    life.serve(life.earlier, 2)
    life.wait()
    life.say()
    return life


@pytest.mark.parametrize("heard", [True, False], ids=["holds a lease", "an answer is on its way"])
def test_said_while_an_earlier_process_may_spend_it_gives_away_what_that_serves(heard):
    with pytest.raises(Overshoot):
        _spends_after_the_word(heard=heard, waits=False)


@pytest.mark.parametrize("heard", [True, False], ids=["holds a lease", "an answer is on its way"])
def test_said_once_nobody_can_spend_it_brings_back_the_rest(heard):
    life = _spends_after_the_word(heard=heard, waits=True)
    assert life.world.server.lost == 3

    life.drain()
    life.say()

    server = life.world.server
    assert (server.lost, server.spent) == (0, 2)


def test_said_of_a_dead_process_it_holds_for_leases_that_are_lost_later():
    life = Replaced(killed_after=2)
    life.drain()
    life.say()
    server = life.world.server
    assert (server.lost, server.spent) == (0, 0)

    life.wait()

    assert (server.lost, server.spent) == (life.successors, 2)
