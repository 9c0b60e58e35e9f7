import pytest

from tests.scenarios.isolation.kept import world_in
from tests.scenarios.isolation.table import all_routes
from tests.support.api import open_site


@pytest.fixture
async def site(settings, clock):
    async with open_site(settings, clock) as opened:
        yield opened


@pytest.fixture
def table(site):
    return all_routes(site.app)


@pytest.fixture
async def world(site, admin):
    return await world_in(site, admin)
