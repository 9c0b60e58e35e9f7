"""Companies over the API that form a group, on a catalogue that is on sale."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from control_plane.kernel.clock import FakeClock, SystemClock
from control_plane.kernel.ids import TenantId, parse_id
from control_plane.runtime.outbox import OutboxRelay
from tests.support.api import Company, Site, open_site


@dataclass
class Groups:
    """A site whose messages are delivered on demand."""

    site: Site
    clock: FakeClock

    async def deliver(self) -> None:
        application = self.site.application
        wanted = ("invoice.", "credit_note.", "consolidated_invoice.", "fapiao.")
        handlers = {t: h for t, h in application.handlers.items() if t.startswith(wanted)}
        handlers |= {t: _ignore for t in application.handlers if t not in handlers}
        relay = OutboxRelay(application.system, handlers, SystemClock())
        while await relay.run_once():
            pass

    async def joined(self, child: Company, parent: Company, *, parent_pays: bool = True) -> str:
        """Ask and confirm; give the membership's id."""
        code = (await parent.post("/v1/group/codes", {})).json()["code"]
        body = {"code": code, "parent_pays": parent_pays}
        asked = await child.post("/v1/group/memberships", body)
        assert asked.status_code == 201, asked.text
        membership = asked.json()["id"]
        answer = await parent.post(f"/v1/group/memberships/{membership}/confirmation", {})
        assert answer.status_code == 204, answer.text
        return str(membership)

    async def subscribe(self, child: Company, plan: str = "growth") -> dict[str, str]:
        answer = await child.post("/v1/subscriptions", {"plan_code": plan})
        assert answer.status_code == 201, answer.text
        await self.deliver()
        bought: dict[str, str] = answer.json()
        return bought


async def _ignore(*_: object) -> None:
    """Instances, snapshots and mail are not the subject here."""


def tenant_of(company: Company) -> TenantId:
    return TenantId(parse_id("ten", company.tenant_id))


@pytest.fixture
async def groups(settings, clock) -> AsyncIterator[Groups]:
    async with open_site(settings, clock) as site:
        yield Groups(site, clock)
