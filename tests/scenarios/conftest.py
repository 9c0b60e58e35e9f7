import pytest

from control_plane.kernel.clock import SystemClock
from tests.scenarios.sandbox import Sandbox, put_services_in_memory, shop_time
from tests.support.api import open_site


@pytest.fixture
async def sandboxes(settings, admin):
    """The site, in real time; what happens in sandboxes follows their own clocks."""
    async with open_site(settings, SystemClock()) as opened:
        put_services_in_memory(opened, admin)
        yield opened


@pytest.fixture
def sandbox(sandboxes):
    """Open a company whose clock stands at an instant of its shop."""

    async def opened(at: str, name: str = "Bella Pizza") -> Sandbox:
        made = Sandbox(sandboxes, await sandboxes.company(name, sandbox=True))
        await made.post("/v1/test-clock", {"at": shop_time(at).isoformat()})
        return made

    return opened
