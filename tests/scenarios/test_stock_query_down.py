"""With the stock query service down, goods come and go; once it is back it knows all of it."""

import asyncio
import uuid
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

import httpx
import pytest
import uvicorn

from control_plane.kernel.clock import SystemClock
from control_plane.kernel.ids import InstanceId, TenantId, parse_id
from provisioner.ports import InstanceRef
from tests.support.api import Company, Site, open_site
from tests.support.ports import free_port


class _Server(uvicorn.Server):
    @asynccontextmanager
    async def running(self):
        task = asyncio.create_task(self._serve())
        while not self.started:
            await asyncio.sleep(0.02)
        yield
        self.should_exit = True
        await task


@dataclass
class Shop:
    """A company in real time, its services real processes, and its ERP calling them."""

    site: Site
    company: Company
    erp: httpx.AsyncClient

    @property
    def tenant_id(self) -> TenantId:
        return TenantId(parse_id("ten", self.company.tenant_id))

    async def settle(self) -> None:
        """Do what the worker does, until its services run as bought and hold nothing back."""
        application = self.site.application
        async with asyncio.timeout(120):
            while True:
                revision = await application.publish_snapshot(self.tenant_id)
                busy = await application.provisioner.participant.settle(self.tenant_id)
                if not busy and revision == await application.publish_snapshot(self.tenant_id):
                    return
                await asyncio.sleep(0.1)

    async def services(self) -> dict[str, dict]:
        listed = (await self.company.get("/v1/instances")).json()
        return {service["module"]: service for service in listed}

    async def stop(self, module: str) -> None:
        service = (await self.services())[module]
        ref = InstanceRef(self.tenant_id, InstanceId(parse_id("ins", service["id"])))
        await self.site.application.provisioner.runtime.stop(ref)

    async def move(self, module: str, document: str, sku: str, quantity: int) -> int:
        """Post a document of one line; give the status."""
        url = (await self.services())[module]["base_url"]
        answer = await self.erp.post(
            f"{url}/v1/{document}",
            json={
                "reference": f"{document}-{uuid.uuid4().hex[:8]}",
                "lines": [{"sku": sku, "quantity": str(quantity)}],
            },
            headers={"Idempotency-Key": str(uuid.uuid4())},
        )
        return answer.status_code

    async def receive(self, sku: str, quantity: int) -> int:
        return await self.move("inbound", "receipts", sku, quantity)

    async def ship(self, sku: str, quantity: int) -> int:
        return await self.move("outbound", "shipments", sku, quantity)

    async def stock(self) -> dict[str, str]:
        url = (await self.services())["stock_query"]["base_url"]
        answer = await self.erp.get(f"{url}/v1/stock")
        assert answer.status_code == 200, answer.text
        return {item["sku"]: item["on_hand"] for item in answer.json()["items"]}

    async def metered(self, meter: str) -> int:
        now, day = SystemClock().now(), timedelta(days=1)
        span = {"from": (now - day).isoformat(), "to": (now + day).isoformat()}
        answer = await self.company.get("/v1/usage", meter=meter, **span)
        assert answer.status_code == 200, answer.text
        return answer.json()["events"]


@pytest.fixture
async def shop(settings):
    port = free_port()
    here = replace(settings, service_url=f"http://127.0.0.1:{port}", port=port)
    async with open_site(here, SystemClock()) as site:
        config = uvicorn.Config(
            site.app, host="127.0.0.1", port=port, log_level="warning", lifespan="off"
        )
        async with _Server(config).running():
            company = await site.company(sandbox=True)
            keyed = {"Authorization": f"Bearer {company.key}"}
            async with httpx.AsyncClient(headers=keyed, trust_env=False, timeout=30) as erp:
                try:
                    yield Shop(site, company, erp)
                finally:
                    await site.application.stop_every_instance()


async def test_without_stock_query_goods_come_and_go_and_it_catches_up_afterwards(shop: Shop):
    started = await shop.company.post("/v1/subscriptions", {"plan_code": "growth"})
    assert started.status_code == 201, started.text
    await shop.settle()
    before = await shop.receive("MARGHERITA", 100)
    await shop.settle()
    known = await shop.stock()

    await shop.stop("stock_query")
    received = [await shop.receive("MARGHERITA", 10), await shop.receive("NAPOLI", 7)]
    shipped = [await shop.ship("MARGHERITA", 3) for _ in range(12)]
    with pytest.raises(httpx.TransportError):
        await shop.stock()

    await shop.settle()
    services = await shop.services()

    assert (before, known) == (201, {"MARGHERITA": "100"})
    assert received + shipped == [201] * 14, "nobody waited for the query"
    assert services["stock_query"]["state"] == "ready", "it was started again"
    assert await shop.stock() == {"MARGHERITA": "74", "NAPOLI": "7"}
    assert await shop.metered("inbound_lines") == 3
    assert await shop.metered("outbound_lines") == 12
