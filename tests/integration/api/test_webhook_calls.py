"""Webhooks and alerts over HTTP, and the events that use cases announce."""

import json

from control_plane.kernel.currency import currency
from control_plane.kernel.ids import InvoiceId, TenantId, parse_id
from control_plane.kernel.money import Money

HOOK = {"url": "https://hooks.example.com/x", "events": ["invoice.paid"], "description": "ERP"}


async def test_an_endpoint_lives_its_life_over_the_api(bella, admin):
    kinds = (await bella.get("/v1/webhook-event-types")).json()
    made = (await bella.post("/v1/webhooks", HOOK, key="k1")).json()
    again = (await bella.post("/v1/webhooks", HOOK, key="k1")).json()

    assert "usage.threshold_reached" in kinds
    assert made["secret"].startswith("whsec_")
    assert again == {**made, "secret": None}
    assert made["secret"] not in str(admin.execute("SELECT body FROM idempotency_keys").fetchall())
    own = f"/v1/webhooks/{made['webhook']['id']}"
    new = (await bella.post(f"{own}/secrets", {"overlap_hours": 0})).json()
    assert new["secret"] != made["secret"]
    wrong = await bella.post(f"{own}/secrets", {"overlap_hours": 73})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "webhook_overlap_invalid")

    tried = await bella.post(f"{own}/tests", {})
    (sent,) = (await bella.get("/v1/webhook-deliveries", state="pending")).json()
    assert tried.json()["message_id"] == sent["message_id"]
    detail = (await bella.get(f"/v1/webhook-deliveries/{sent['id']}")).json()
    assert json.loads(detail["body"])["type"] == "webhook.test"
    assert detail["attempts"] == []
    assert (await bella.get("/v1/webhook-deliveries", after=sent["id"])).json() == []

    headers = {"Idempotency-Key": "k2"}
    off = await bella.client.patch(own, json={"disabled": True}, headers=headers)
    assert off.json()["disabled_reason"] == "person"
    (listed,) = (await bella.get("/v1/webhooks")).json()
    assert (listed["dead"], listed["pending"]) == (1, 0)
    for path in (f"{own}/tests", f"{own}/replays", f"/v1/webhook-deliveries/{sent['id']}/replays"):
        refused = await bella.post(path, {})
        assert (refused.status_code, refused.json()["code"]) == (409, "webhook_disabled")
    headers = {"Idempotency-Key": "k3"}
    await bella.client.patch(own, json={"disabled": False}, headers=headers)
    assert (await bella.post(f"{own}/replays", {})).json() == {"replayed": 1}
    await bella.client.delete(own, headers={"Idempotency-Key": "k4"})
    assert (await bella.get("/v1/webhooks")).json() == []
    acts = admin.execute("SELECT action FROM audit_entries WHERE object_type = 'webhook'")
    assert {row[0].partition(".")[2] for row in acts} == {
        "created",
        "secret_rotated",
        "tested",
        "changed",
        "replayed",
        "removed",
    }


async def test_an_address_inside_the_network_is_refused(bella):
    for url in ("https://127.0.0.1/", "http://hooks.example.com/", "https://169.254.169.254/"):
        answer = await bella.post("/v1/webhooks", {**HOOK, "url": url})
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["field"] == "url"


async def test_alerts_are_set_over_the_api(bella):
    before = (await bella.get("/v1/usage-alerts")).json()
    assert before["settings"] == {
        "thresholds": [50, 80, 100],
        "forecast": True,
        "mail_roles": ["owner", "admin"],
    }
    wanted = {"thresholds": [90, 75], "forecast": False, "mail_roles": ["billing"]}
    headers = {"Idempotency-Key": "k"}
    kept = await bella.client.put("/v1/usage-alerts", json=wanted, headers=headers)
    assert kept.json() == {**wanted, "thresholds": [75, 90]}
    assert (await bella.get("/v1/usage-alerts")).json()["settings"] == kept.json()


async def test_use_cases_announce_what_happened(site, bella, admin, clock):
    events = ["entitlements.changed", "invoice.issued", "invoice.paid", "invoice.overdue"]
    await bella.post("/v1/webhooks", {**HOOK, "events": events})
    bought = (await bella.post("/v1/subscriptions", {"plan_code": "growth"})).json()
    tenant_id = TenantId(parse_id("ten", bella.tenant_id))
    invoice_id = InvoiceId(parse_id("inv", bought["invoice_id"]))
    application = site.application
    await application.publish_snapshot(tenant_id)
    await application.publish_snapshot(tenant_id)
    clock.advance(days=60)
    await application.mark_overdue(tenant_id)
    found = await application.get_invoice(tenant_id=tenant_id, invoice_id=invoice_id)
    await application.record_payment(
        tenant_id=tenant_id,
        invoice_id=invoice_id,
        amount=Money(found.invoice.summary.total.minor, currency("CNY")),
        reference="BANK-1",
        actor="usr_1",
    )

    rows = admin.execute("SELECT payload FROM outbox WHERE topic = 'webhook.event' ORDER BY id")
    told = [payload for (payload,) in rows.fetchall()]
    assert sorted(event["type"] for event in told) == sorted(events)
    data = {event["type"]: event["data"] for event in told}
    assert data["invoice.issued"]["invoice"] == data["invoice.paid"]["invoice"]
    assert data["invoice.overdue"]["open_minor"] == data["invoice.issued"]["total_minor"]
