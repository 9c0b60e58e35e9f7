import pytest

from tests.support.api import open_site


@pytest.fixture
async def site(settings, clock):
    async with open_site(settings, clock) as opened:
        yield opened


@pytest.fixture
async def bella(site):
    return await site.company("Bella Pizza")


@pytest.fixture
async def rival(site):
    return await site.company("Rival Noodles")
