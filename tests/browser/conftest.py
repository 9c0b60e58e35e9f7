"""A real browser before a real server, on a database of its own."""

from dataclasses import dataclass, replace

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from control_plane.kernel.clock import FakeClock
from tests.support.api import CATALOGUE
from tests.support.parts import chromium_path
from tests.support.ports import free_port
from tests.support.serving import serving
from tests.support.stages import staged
from web.compose import Application

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PASSWORD = "correct horse battery staple"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@dataclass
class Portal:
    """The running site, and the browser's eyes on it."""

    url: str
    application: Application
    clock: FakeClock
    context: BrowserContext
    page: Page
    complaints: list[str]

    async def open(self, path: str) -> Page:
        response = await self.page.goto(self.url + path)
        assert response is not None
        assert response.status < 400, f"{path}: {response.status}"
        return self.page

    async def sign_up(self, company: str = "Bella Pizza", *, sandbox: bool = False) -> None:
        page = await self.open("/sign-up")
        await page.get_by_label("Company name").fill(company)
        await page.get_by_label("Your name").fill("Bella Rossi")
        await page.get_by_label("E-mail address").fill("bella@pizza.example")
        await page.get_by_label("Password").fill(PASSWORD)
        if sandbox:
            await page.get_by_label("Make this a sandbox").check()
        await page.get_by_role("button", name="Create the account").click()
        await page.wait_for_url("**/portal?done=created")

    async def sign_in(self, email: str = "bella@pizza.example") -> None:
        page = await self.open("/sign-in")
        await page.get_by_label("E-mail address").fill(email)
        await page.get_by_label("Password").fill(PASSWORD)
        await page.get_by_role("button", name="Sign in", exact=True).click()
        await page.wait_for_url(lambda url: "/sign-in" not in url)

    async def start_plan(self, name: str = "Growth") -> None:
        page = await self.open("/portal/plans")
        await page.get_by_role("button", name=f"Preview {name}").click()
        await page.get_by_role("button", name="Confirm and be invoiced").click()
        await page.wait_for_url("**/portal/invoices/inv_*")

    async def problems_for_access(self) -> list[str]:
        """What axe finds on the page as it is, one line a finding."""
        found = await Axe().run(self.page, options={"runOnly": RULES})
        return [
            f"{self.page.url}: {violation['id']}: {node['html'][:160]}"
            for violation in found.response["violations"]
            for node in violation["nodes"]
        ]


@pytest.fixture
async def browser():
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        yield opened
        await opened.close()


@pytest.fixture
async def portal(settings, clock, browser: Browser):
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    here = replace(settings, public_url=url, port=port)
    async with staged(here, clock) as (application, app), serving(app, port):
        await application.apply_catalog(CATALOGUE.read_text(encoding="utf-8"))
        context = await browser.new_context(locale="en-GB", reduced_motion="reduce")
        context.set_default_timeout(15_000)
        page = await context.new_page()
        complaints: list[str] = []
        page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        yield Portal(url, application, clock, context, page, complaints)
        await context.close()
