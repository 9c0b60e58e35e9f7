"""A tenant's module instances over real sockets, and clients that call them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.integration.modules.caller import Caller
from tests.support.modules import FakeControlPlane, Fleet


@pytest.fixture
async def control() -> AsyncIterator[FakeControlPlane]:
    plane = FakeControlPlane()
    await plane.start()
    yield plane
    await plane.stop()


@pytest.fixture
def fleet(control: FakeControlPlane, tmp_path: Path) -> Fleet:
    return Fleet(control, tmp_path)


@pytest.fixture
async def running(fleet: Fleet) -> AsyncIterator[Fleet]:
    """All four instances, served from the test's own loop."""
    await asyncio.gather(*(instance.start() for instance in fleet.instances))
    yield fleet
    await asyncio.gather(*(instance.stop() for instance in fleet.instances))


@pytest.fixture
async def caller(running: Fleet) -> AsyncIterator[Caller]:
    async with httpx.AsyncClient(timeout=30) as client:
        yield Caller(client, running)
