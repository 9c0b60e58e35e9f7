"""Operators see what is stuck, in the API, on their page and among the figures."""

import re
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from billing.repositories.accounts import AccountRepository
from control_plane.identity.domain import StaffRole
from control_plane.kernel.clock import FakeClock, SystemClock
from control_plane.kernel.ids import TenantId, parse_id
from control_plane.runtime.jobs import JobRunner
from control_plane.runtime.outbox import MAX_ATTEMPTS, OutboxRelay, enqueue
from tests.support.api import PASSWORD

AT = datetime(2026, 1, 10, 2, tzinfo=UTC)


class Failing:
    name = "failing"
    every_seconds = 1.0

    async def run(self) -> int:
        raise ConnectionError("the peer is away")


@asynccontextmanager
async def signed_in(site, role):
    email = f"{role.value}@tallyard.example"
    await site.application.create_staff_user(
        email=email, password=PASSWORD, name=role.value, staff_roles=[role]
    )
    async with site.client() as client:
        answer = await client.post("/v1/sessions", json={"email": email, "password": PASSWORD})
        client.headers["Cookie"] = answer.headers["set-cookie"].split(";")[0]
        yield client


@pytest.fixture
async def olga(site):
    async with signed_in(site, StaffRole.OPERATOR) as client:
        yield client


@pytest.fixture
def tenant(bella):
    return TenantId(parse_id("ten", bella.tenant_id))


@pytest.fixture
async def dead_message(site, tenant, system):
    """A message nobody can deliver, tried until it was given up, and one that waits."""
    async with site.application.work(tenant) as session:
        await session.execute(text("UPDATE outbox SET done_at = now()"))
        await enqueue(session, tenant, "nobody.handles.this", {"to": "secret@example.com"})
    clock = FakeClock(SystemClock().now())
    for _ in range(MAX_ATTEMPTS):
        await OutboxRelay(system, {}, clock).run_once()
        clock.advance(seconds=600)
    async with site.application.work(tenant) as session:
        await enqueue(session, tenant, "waits", {})


async def test_messages_given_up_are_shown_without_what_they_say(olga, bella, dead_message):
    answer = await olga.get("/v1/staff/work")

    work = answer.json()
    assert (work["outbox_waiting"], work["outbox_dead"]) == (1, 1)
    [message] = work["dead_messages"]
    assert (message["tenant_id"], message["topic"]) == (bella.tenant_id, "nobody.handles.this")
    assert message["attempts"] == MAX_ATTEMPTS
    assert "nobody.handles.this" in message["last_error"]
    assert "secret@example.com" not in answer.text


async def test_a_failing_job_is_shown_with_its_error(olga, system):
    await JobRunner(system, FakeClock(AT))(Failing())

    [job] = (await olga.get("/v1/staff/work")).json()["jobs"]

    assert (job["name"], job["last_error"]) == ("failing", "ConnectionError: the peer is away")


async def test_a_test_clock_that_stands_still_is_shown(site, olga, admin):
    sandbox = await site.company("Trial", sandbox=True)
    await sandbox.post("/v1/test-clock", {"at": "2026-01-10T09:00:00+08:00"})
    admin.execute("UPDATE test_clocks SET last_error = 'BoundaryBehind: now'")

    [clock] = (await olga.get("/v1/staff/work")).json()["test_clocks"]

    assert (clock["tenant_id"], clock["last_error"]) == (sandbox.tenant_id, "BoundaryBehind: now")
    assert clock["now_at"] == "2026-01-10T01:00:00Z"


async def test_halted_billing_is_shown_with_its_reason(site, olga, bella, tenant):
    async with site.application.work(tenant) as session:
        await AccountRepository(session).open(tenant, "live", AT)
        await AccountRepository(session).park(tenant, AT, "MeterNotFound: gone")

    [halted] = (await olga.get("/v1/staff/work")).json()["halted_billing"]

    assert (halted["tenant_id"], halted["reason"]) == (bella.tenant_id, "MeterNotFound: gone")


async def test_finance_and_customers_do_not_see_it(site, bella):
    async with signed_in(site, StaffRole.FINANCE) as finance:
        assert (await finance.get("/v1/staff/work")).status_code == 403
    assert (await bella.get("/v1/staff/work")).status_code == 403


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", ("Needs a person", "Message given up")), ("zh", ("需人工处理", "消息投递已放弃"))],
)
async def test_the_operators_page_shows_what_needs_a_person(olga, dead_message, language, words):
    page = (await olga.get("/operator", headers={"Accept-Language": language})).text

    assert all(word in page for word in words)
    assert "nobody.handles.this" in page


async def test_nothing_stuck_leaves_no_section(olga, bella):
    assert "Needs a person" not in (await olga.get("/operator")).text


def gauges(exposition):
    return dict(re.findall(r"^tallyard_outbox_(waiting|dead) (\S+)$", exposition, re.MULTILINE))


async def test_the_figures_tell_the_outboxs_depth(site, dead_message):
    async with site.client() as anybody:
        answer = await anybody.get("/metrics")

    assert gauges(answer.text) == {"waiting": "1.0", "dead": "1.0"}


async def test_a_scrape_without_a_database_still_tells_the_rest(site):
    async def away():
        raise ConnectionError

    site.application.runtime_state = type("Away", (), {"outbox_depth": staticmethod(away)})()
    async with site.client() as anybody:
        answer = await anybody.get("/metrics")

    assert answer.status_code == 200
    assert "tallyard_http_requests_total" in answer.text
    assert gauges(answer.text) == {"waiting": "NaN", "dead": "NaN"}
