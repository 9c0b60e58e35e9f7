"""A sandbox with a title, whose fapiao the simulated platform issues."""

import pytest

from tests.support.fapiao_world import FapiaoWorld, fapiao_world, organisation


@pytest.fixture
async def sandbox(database, admin, clock) -> FapiaoWorld:
    world = fapiao_world(database, admin, clock, organisation(admin, "bella", sandbox=True))
    await world.title()
    return world


@pytest.fixture
async def live(database, admin, clock) -> FapiaoWorld:
    world = fapiao_world(database, admin, clock, organisation(admin, "living"))
    await world.title()
    return world
