"""A world to bill."""

import pytest

from tests.support.billing_world import World, build_world


@pytest.fixture
async def world(database, clock) -> World:
    return await build_world(database, clock)
