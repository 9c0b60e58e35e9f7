"""What a payment provider tells us counts once, however often and in whatever form it comes."""

import hashlib
import hmac
import json
import time
from dataclasses import replace

import pytest

from control_plane.kernel.clock import SystemClock
from tests.scenarios.sandbox import Sandbox, put_services_in_memory, shop_time
from tests.support import stripe_peer as stripes
from tests.support.api import open_site

WEBHOOK = "/v1/payment-webhooks/stripe"


@pytest.fixture(scope="module")
def peer():
    with stripes.stripe_peer() as running:
        yield running


@pytest.fixture
async def bella(settings, admin, peer):
    """Bella pays by card, and owes her first month."""
    by_card = replace(
        settings,
        stripe_api_key=stripes.API_KEY,
        stripe_api_base=peer.url,
        stripe_webhook_secret=stripes.WEBHOOK_SECRET,
    )
    async with open_site(by_card, SystemClock()) as site:
        put_services_in_memory(site, admin)
        made = Sandbox(site, await site.company(sandbox=True))
        await made.post("/v1/test-clock", {"at": shop_time("2026-01-01").isoformat()})
        yield made


async def pay_by(bella: Sandbox, card: str) -> None:
    answer = await bella.company.client.put(
        "/v1/payment-method",
        json={"provider": "stripe", "method": card},
        headers={"Idempotency-Key": card},
    )
    assert answer.status_code == 200, answer.text


def notice(event: str, reference: str, tenant: str, payment: str) -> bytes:
    metadata = {"tenant": tenant, "payment": payment}
    about = {"object": "payment_intent", "id": reference, "metadata": metadata}
    return json.dumps({"object": "event", "type": event, "data": {"object": about}}).encode()


def signed(payload: bytes, secret: str = stripes.WEBHOOK_SECRET) -> dict[str, str]:
    now = int(time.time())
    digest = hmac.new(secret.encode(), f"{now}.".encode() + payload, hashlib.sha256).hexdigest()
    return {"stripe-signature": f"t={now},v1={digest}", "content-type": "application/json"}


def payments(admin) -> list[tuple[object, ...]]:
    found = admin.execute("SELECT id, tenant_id, reference, state FROM payments ORDER BY id")
    return found.fetchall()


def ledger(admin) -> tuple[object, ...]:
    return admin.execute("SELECT count(*) FROM ledger_transactions").fetchone()


async def tell(bella: Sandbox, payload: bytes, headers: dict[str, str]):
    async with bella.site.client() as provider:
        return await provider.post(WEBHOOK, content=payload, headers=headers)


async def test_a_notice_delivered_twice_marks_the_invoice_paid_once(bella, admin, peer):
    before = len(peer.charges())
    await pay_by(bella, stripes.VISA)
    await bella.subscribe()
    [(payment, tenant, reference, _)] = payments(admin)
    payload = notice("payment_intent.succeeded", reference, str(tenant), str(payment))
    settled, booked = payments(admin), ledger(admin)

    answers = [await tell(bella, payload, signed(payload)) for _ in range(2)]

    [invoice] = await bella.invoices()
    assert [a.status_code for a in answers] == [200, 200]
    assert invoice["invoice"]["state"] == "paid"
    assert [p["state"] for p in invoice["payments"]] == ["succeeded"]
    assert (payments(admin), ledger(admin)) == (settled, booked), "the cash is booked once"
    assert [c["amount"] for c in peer.charges()[before:]] == [199_900]
    assert await bella.books_agree()


async def test_a_forged_notice_is_refused_and_pays_nothing(bella, admin):
    await pay_by(bella, stripes.DECLINED_LATER)
    await bella.subscribe()
    [(payment, tenant, reference, _)] = payments(admin)
    payload = notice("payment_intent.succeeded", reference, str(tenant), str(payment))
    before = (payments(admin), ledger(admin))

    forged = await tell(bella, payload, signed(payload, "whsec_guessed"))
    unsigned = await tell(bella, payload, {"content-type": "application/json"})

    for answer in (forged, unsigned):
        assert answer.status_code == 400
        assert answer.json()["code"] == "payment_webhook_rejected"
    assert (payments(admin), ledger(admin)) == before
    assert (await bella.invoices())[0]["invoice"]["state"] == "issued"


async def test_a_truly_signed_notice_cannot_claim_what_the_provider_does_not_hold(bella, admin):
    await pay_by(bella, stripes.DECLINED_LATER)
    await bella.subscribe()
    [(payment, tenant, reference, _)] = payments(admin)
    payload = notice("payment_intent.succeeded", reference, str(tenant), str(payment))

    await tell(bella, payload, signed(payload))

    assert (await bella.invoices())[0]["invoice"]["state"] == "issued", "the card was declined"
    assert await bella.books_agree()
