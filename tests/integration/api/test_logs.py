"""Every request leaves one JSON line in the log that names request, trace and tenant."""

import json

from control_plane.kernel.clock import SystemClock
from control_plane.runtime.outbox import OutboxRelay, enqueue
from tests.support.api import Site

TRACE = "0af7651916cd43dd8448eb211c80319c"


async def test_a_request_is_logged_by_its_route_with_request_tenant_and_trace(
    site: Site, bella, lines
):
    answer = await bella.client.get(
        "/v1/invoices/inv_00000000000000000000000000",
        headers={"X-Request-Id": "mine-0001", "traceparent": f"00-{TRACE}-b7ad6b7169203331-01"},
    )
    async with site.client() as anybody:
        await anybody.get("/health/live")

    [line] = [line for line in lines() if line["event"] == "request"]
    assert answer.status_code == 404
    assert (line["method"], line["status"]) == ("GET", 404)
    assert line["route"] == "/v1/invoices/{invoice_id}"
    assert line["tenant_id"] == bella.tenant_id
    assert (line["request_id"], line["trace_id"]) == ("mine-0001", TRACE)


async def test_a_secret_in_an_address_is_not_logged(site: Site, lines):
    async with site.client() as anybody:
        await anybody.get("/invitations/a-very-secret-text")

    assert [line["route"] for line in lines() if line["event"] == "request"]
    assert "a-very-secret-text" not in json.dumps(lines())


async def test_a_failed_delivery_is_logged_with_its_tenant(site: Site, bella, work, system, lines):
    tenants = await site.application.list_organisations()
    async with work(tenants[0].id) as session:
        message = await enqueue(session, tenants[0].id, "nobody.handles.this", {})

    await OutboxRelay(system, {}, SystemClock()).drain(tenants[0].id)

    failed = [line for line in lines() if line["event"] == "outbox_delivery_failed"]
    assert {line["tenant_id"] for line in failed} == {bella.tenant_id}
    assert str(message) in {line["trace_id"] for line in failed}
