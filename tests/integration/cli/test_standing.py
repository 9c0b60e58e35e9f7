"""Holding whoever does not pay, in the shell and over the staff API."""

import uuid
from datetime import timedelta

import pytest

from control_plane.identity.domain import StaffRole
from control_plane.kernel.clock import SystemClock
from control_plane.kernel.ids import TenantId, parse_id
from control_plane.kernel.instants import instant_text
from tests.integration.cli.shell import Shell
from tests.scenarios.isolation.callers import by_session
from tests.support.api import CATALOGUE, PASSWORD, open_site


@pytest.fixture
async def site(settings, clock):
    async with open_site(settings, clock) as opened:
        source = CATALOGUE.read_text(encoding="utf-8")
        await opened.application.apply_catalog(
            source.replace("  - code: growth\n", "  - code: growth\n    ladder: {}\n")
        )
        yield opened


async def overdue(site, clock):
    bella = await site.company("Bella Pizza")
    await bella.post("/v1/subscriptions", {"plan_code": "growth"})
    for _ in range(16):
        clock.advance(days=1)
        await site.application.follow_ladders.run()
    return bella


@pytest.mark.nightly
async def test_the_shell_lists_shows_holds_and_releases(tallyard: Shell, site, clock):
    bella = await overdue(site, clock)
    # A process of its own reads the machine's clock.
    until = instant_text(SystemClock().now() + timedelta(days=20))

    listed = tallyard("standing", "list")
    held = tallyard("standing", "hold", bella.tenant_id, "--until", until, "--reason", "Bank error")
    shown = tallyard("standing", "show", bella.tenant_id)
    released = tallyard("standing", "release", bella.tenant_id)
    again = tallyard("standing", "release", bella.tenant_id)

    assert listed.lines[0].startswith(f"{bella.tenant_id}  grace  since 2026-01-24")
    assert (held.status, released.status, again.status) == (0, 0, 1), held.err + released.err
    assert shown.lines[0] == "grace  overdue since 2026-01-24T16:00:00Z"
    assert shown.lines[1].startswith("next: read_only at ")
    assert shown.lines[2] == f"held until {until}: Bank error"
    assert "is not held" in again.err


async def test_finance_holds_over_the_api_and_the_audit_trail_says_so(site, clock):
    bella = await overdue(site, clock)
    await site.application.create_staff_user(
        email="fay@vendor.example", password=PASSWORD, name="Fay", staff_roles={StaffRole.FINANCE}
    )
    caller = await by_session(site, "finance", "fay@vendor.example")
    desk, path = site.client(**caller.headers), f"/v1/staff/tenants/{bella.tenant_id}"
    until = instant_text(clock.now() + timedelta(days=20))

    async def post(name, body):
        key = {"Idempotency-Key": str(uuid.uuid4())}
        return await desk.post(f"{path}/{name}", json=body, headers=key)

    held = await post("standing-holds", {"reason": "Bank error", "until": until})
    read = (await desk.get(f"{path}/standing")).json()
    listed = (await desk.get("/v1/staff/standings")).json()
    own = (await bella.get("/v1/standing")).json()
    vain = await post("standing-holds", {"reason": " ", "until": until})
    released = await post("standing-releases", {})
    again = await post("standing-releases", {})

    assert (held.status_code, read["hold"]["reason"]) == (201, "Bank error")
    assert [(row["tenant_id"], row["held_until"]) for row in listed] == [(bella.tenant_id, until)]
    assert own["held_until"] == until
    assert "Bank error" not in str(own)
    assert (vain.status_code, vain.json()["code"]) == (400, "hold_reason_missing")
    assert (released.status_code, again.status_code) == (200, 409)
    tenant = TenantId(parse_id("ten", bella.tenant_id))
    actions = {entry.action for entry in await site.application.list_audit(tenant)}
    assert {f"standing.{what}" for what in ("announced", "entered", "held", "released")} <= actions
