"""A company in a sandbox: everything over HTTP, its clock moved by what a worker does.

The services are the memory twins of the runtime and of the modules' HTTP side.
"""

import json
import uuid
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from control_plane.kernel.clock import SystemClock
from control_plane.kernel.ids import TenantId, format_id, parse_id
from provisioner.compose import provisioner_of
from provisioner.runtimes.memory import MemoryRuntime
from provisioner.services.module_commands import ModuleCommands
from tests.support.api import Company, Site
from tests.support.provisioning import FakeModules
from tests.support.usage import SHIPMENT

SHANGHAI = ZoneInfo("Asia/Shanghai")
RECEIPT = "tallyard.inbound.receipt_posted"


def shop_time(text: str) -> datetime:
    """An instant of the shop's own day: ``2026-04-16`` at midnight, or with ``T10:00``."""
    day, _, clock = text.partition("T")
    at = time.fromisoformat(clock) if clock else time()
    return datetime.combine(date.fromisoformat(day), at, SHANGHAI)


def put_services_in_memory(site: Site, admin: psycopg.Connection) -> None:
    """Give the application a provisioner whose services cost nothing to start."""
    application = site.application

    def module_of(instance: str) -> str:
        modules = admin.execute("SELECT id, module FROM instances").fetchall()
        return next(module for key, module in modules if format_id("ins", key) == instance)

    modules = FakeModules(application.signer.public_keys_text(), module_of)
    application.provisioner = provisioner_of(
        application.settings,
        runtime=MemoryRuntime(),
        work=application.work,
        system=application.system,
        staff=application.staff,
        clock=SystemClock(),
        tenant_clock=application.tenant_clock,
        signer=application.signer,
        commands=ModuleCommands(application.signer, SystemClock(), modules.client()),
    )


@dataclass
class Sandbox:
    """A company, and its clock in our hands."""

    site: Site
    company: Company
    subscription_id: str = ""

    @property
    def tenant_id(self) -> TenantId:
        return TenantId(parse_id("ten", self.company.tenant_id))

    @property
    def path(self) -> str:
        """The address of its subscription."""
        return f"/v1/subscriptions/{self.subscription_id}"

    async def get(self, path: str, **query: str) -> Any:
        answer = await self.company.get(path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: Any) -> Any:
        answer = await self.company.post(path, body)
        assert answer.status_code in {200, 201, 202}, answer.text
        return answer.json()

    async def subscribe(self, plan: str = "growth") -> Any:
        started = await self.post("/v1/subscriptions", {"plan_code": plan})
        self.subscription_id = started["subscription_id"]
        await self.settle()
        return started

    async def preview(self, plan: str) -> Any:
        return await self.post(f"{self.path}/plan-change-previews", {"plan_code": plan})

    async def change(self, plan: str) -> Any:
        """Preview a change of plan and confirm what was shown."""
        token = (await self.preview(plan))["token"]
        return await self.post(f"{self.path}/plan-changes", {"plan_code": plan, "token": token})

    async def book(self, addon: str) -> Any:
        """Preview an add-on and confirm what was shown."""
        body = {"addon_code": addon}
        token = (await self.post(f"{self.path}/addon-previews", body))["token"]
        return await self.post(f"{self.path}/addons", {**body, "token": token})

    async def advance(self, to: str) -> None:
        """Let its clock arrive, with everything due on the way done."""
        await self.post("/v1/test-clock/advance", {"to": shop_time(to).isoformat()})
        await self.settle()

    async def settle(self) -> None:
        """Do what the worker does until nothing is left to do."""
        application = self.site.application
        for _ in range(20):
            await application.relay.run_once()
            await application.advance_test_clocks.run()
            clock = await self.get("/v1/test-clock")
            assert clock["last_error"] is None, clock
            if clock["state"] == "ready" and not await application.relay.drain(self.tenant_id):
                return
        raise AssertionError("the clock does not arrive")

    async def ship(self, lines: int, at: str, **more: Any) -> Any:
        """Report one shipment of so many lines, as a service would."""
        event = shipment(lines, at, **more)
        kind = {"content-type": "application/cloudevents+json"}
        answer = await self.company.client.post(
            "/v1/events", content=json.dumps(event), headers=kind
        )
        assert answer.status_code == 200, answer.text
        [result] = answer.json()["results"]
        return result

    async def invoices(self) -> list[Any]:
        """Every invoice with its content, the earliest first."""
        listed = await self.get("/v1/invoices", limit="500")
        found = [await self.get(f"/v1/invoices/{summary['id']}") for summary in listed]
        return sorted(found, key=lambda i: (i["invoice"]["due_at"], i["invoice"]["number"]))

    async def bills(self) -> list[tuple[str, str]]:
        """The date and the total of every invoice, the earliest first."""
        return [(i["invoice"]["dated"], i["invoice"]["total"]) for i in await self.invoices()]

    async def limit(self, feature: str) -> Decimal | None:
        """What the tenant may do now of a limited feature; None when it is not granted."""
        items = (await self.get("/v1/entitlements"))["items"]
        [found] = [item for item in items if item["feature"] == feature]
        return Decimal(found["limit"]) if found["granted"] else None

    async def granted(self) -> set[str]:
        """The features granted now."""
        items = (await self.get("/v1/entitlements"))["items"]
        return {item["feature"] for item in items if item["granted"]}

    async def books_agree(self) -> bool:
        """Whether finance's invariants hold and every invoice replays to its bytes."""
        findings = await self.site.application.check_books(self.tenant_id)
        assert findings == []
        for invoice in await self.invoices():
            verdict = await self.get(f"/v1/invoices/{invoice['invoice']['id']}/verification")
            assert verdict["confirmed"], (invoice["invoice"]["number"], verdict["differences"])
        return True


def shipment(lines: int, at: str, **more: Any) -> dict[str, Any]:
    """A shipment's event; ``id`` keeps it the same when it is sent again."""
    return {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "source": "/instances/ins_test",
        "type": SHIPMENT,
        "time": shop_time(at).isoformat(),
        "data": {"calls": 1, "lines": lines, "units": str(lines)},
        **more,
    }


def line(invoice: Any, charge: str, kind: str | None = None) -> Any:
    """The one line of an invoice for a charge (and of a kind)."""
    lines = invoice["content"]["lines"]
    [found] = [x for x in lines if x["charge"] == charge and kind in {None, x["kind"]}]
    return found
