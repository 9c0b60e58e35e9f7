"""``make demo``: set up, live through a year, check the books, leave the portal open."""

import asyncio
import signal
import subprocess
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import FrameType
from typing import Any

import httpx

from control_plane.identity.domain import StaffRole
from web.compose import Application
from web.demo.books import Check, check_invoices, check_ledger, check_stock, check_usage
from web.demo.clients import Api, DemoFailed, Services, expect, persist
from web.demo.data import SalesDay, load_year, sample
from web.demo.host import Host
from web.demo.journey import CANCEL_ON, YEAR, Company, Journey, at
from web.demo.payments import Payments
from web.demo.report import Screen, print_checks, year_table
from web.demo.rival import Rival

CATALOGUE = Path(__file__).parent / "catalogue.yaml"
PASSWORD = "demo-only-password"  # noqa: S105 - printed on the screen; the database lives for the demo
FINANCE, OPERATOR = "finance@tallyard.example", "operator@tallyard.example"
AFTER_THE_YEAR = at(date(YEAR + 1, 1, 1), 1)


def run_demo(host: Host, *, once: bool, scale: float) -> int:
    """Run the demo on ``host``; 0 only if the books agree. Always stops what it started."""
    screen = Screen()
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        days = sample(load_year(YEAR), scale)
        screen.console.rule("[bold]Tallyard[/bold]")
        screen.say("starting PostgreSQL, web and worker …")
        host.start(CATALOGUE.read_text(encoding="utf-8"))
        host.use(_create_staff)
        good = asyncio.run(Year(host, screen, days).live())
        if not once:
            _stay_open(host, screen)
    except DemoFailed as failure:
        screen.end()
        screen.console.print(f"[red]The demo failed:[/red] {failure}", markup=True)
        return 1
    except subprocess.CalledProcessError as failure:
        screen.console.print(f"[red]{failure}[/red]")
        return 1
    except KeyboardInterrupt:
        screen.end()
        screen.say("stopping …")
        return 130
    else:
        return 0 if good else 1
    finally:
        host.stop()


@dataclass(slots=True)
class Year:
    """The demo's cast and their year."""

    host: Host
    screen: Screen
    days: tuple[SalesDay, ...]
    client: httpx.AsyncClient = field(init=False)

    async def live(self) -> bool:
        """Live through the year; tell whether the books agree at its end."""
        limits = httpx.Limits(max_connections=32, max_keepalive_connections=32)
        async with httpx.AsyncClient(base_url=self.host.url, timeout=60, limits=limits) as client:
            self.client = client
            finance = await self._staff(FINANCE)
            bella = await self._sign_up("Bella Pizza", "bella@pizza.example", "growth")
            rival = Rival(await self._sign_up("金陵面馆", "rival@noodles.example", "starter"))
            payments = Payments(bella, rival.company, finance, self.screen, self.host.stripe)
            await payments.set_up()
            self._announce()
            self.screen.begin(len(self.days), sum(len(day.orders) for day in self.days))
            await Journey(bella, self.days, payments.settle, self.screen, rival.live).live()
            self.screen.end()
            checks = await check_stock(bella)
            await self._leave(bella, payments.settle)
            checks += await self._check(bella, finance)
            checks += await rival.check(bella)
            invoices = await bella.api.get("/v1/invoices", limit="500")
            notes = await bella.api.get("/v1/credit-notes", limit="500")
        self.screen.console.print(year_table(bella.months, invoices, notes))
        good = print_checks(self.screen.console, checks)
        self._sign_ins()
        return good

    def _announce(self) -> None:
        amplified = [day for day in self.days if day.factor > 1]
        self.screen.say(
            f"real sales of one year, moved to {YEAR}: {sum(len(d.orders) for d in self.days):,} "
            f"orders on {len(self.days)} days"
        )
        self.screen.say(
            f"demand is amplified {amplified[0].factor}-fold on "
            + ", ".join(f"{day.day:%d %b}" for day in amplified)
        )

    async def _sign_up(self, name: str, email: str, plan: str) -> Company:
        body = {
            "email": email,
            "password": PASSWORD,
            "name": name,
            "organisation_name": name,
            "sandbox": True,
        }
        made = expect(await persist(self.client, "POST", "/v1/sign-ups", json=body), 201)
        api = Api(self.client, {"Authorization": f"Bearer {made['api_key']}"})
        services = Services(self.client, made["api_key"])
        company = Company(name, email, api, services, made["tenant_id"])
        await api.post("/v1/test-clock", {"at": at(date(YEAR, 1, 1)).isoformat()})
        preview = await api.post("/v1/subscription-previews", {"plan_code": plan})
        body = {"plan_code": plan, "token": preview["token"]}
        started = await api.post("/v1/subscriptions", body)
        company.subscription_id = started["subscription_id"]
        self.screen.say(
            f"{name} signed up and chose {preview['after']['plan']} for {preview['total']} "
            f"{preview['currency']} a {preview['after']['interval']}"
        )
        await company.locate_services()
        self.screen.say(f"its services are ready: {', '.join(sorted(company.services.addresses))}")
        return company

    async def _staff(self, email: str) -> Api:
        who = {"email": email, "password": PASSWORD}
        answer = await persist(self.client, "POST", "/v1/sessions", json=who)
        session = expect(answer, 201)
        cookie = answer.headers["set-cookie"].split(";")[0]
        self.client.cookies.clear()
        return Api(self.client, {"Cookie": cookie, "X-CSRF-Token": session["csrf_token"]})

    async def _leave(self, bella: Company, settle: Callable[[], Awaitable[None]]) -> None:
        path = f"/v1/subscriptions/{bella.subscription_id}/cancellation"
        cancelled = await bella.api.post(path)
        await bella.api.advance(AFTER_THE_YEAR)
        await settle()
        self.screen.say(f"{CANCEL_ON}: cancelled, ending {cancelled['effective_at']}")

    async def _check(self, bella: Company, finance: Api) -> list[Check]:
        checks = await check_usage(bella)
        checks += await check_invoices(bella.api)
        checks += await check_ledger(finance, bella.tenant_id)
        instances = await bella.api.get("/v1/instances")
        gone = [i["module"] for i in instances if i["removed_at"] and i["export_sha256"]]
        every = [i["module"] for i in instances]
        return [*checks, Check("services exported, then removed", sorted(every), sorted(gone))]

    def _sign_ins(self) -> None:
        console = self.screen.console
        console.print(f"\n  portal    [bold]{self.host.url}[/bold]")
        for who, email in (
            ("Bella", "bella@pizza.example"),
            ("another tenant", "rival@noodles.example"),
            ("finance", FINANCE),
            ("operator", OPERATOR),
        ):
            console.print(f"  {who:<15} {email}  {PASSWORD}")


async def _create_staff(application: Application) -> None:
    for email, name, role in (
        (FINANCE, "Fiona Finance", StaffRole.FINANCE),
        (OPERATOR, "Otto Operator", StaffRole.OPERATOR),
    ):
        await application.create_staff_user(
            email=email, password=PASSWORD, name=name, staff_roles=[role]
        )


def _stay_open(host: Host, screen: Screen) -> None:
    screen.console.print(f"\nThe portal stays open at {host.url} until Ctrl-C.")
    with suppress(KeyboardInterrupt):
        while True:
            signal.pause()


def _interrupt(_: int, __: FrameType | None) -> Any:
    raise KeyboardInterrupt
