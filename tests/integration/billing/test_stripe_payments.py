"""Card payments against a stateful stand-in for Stripe, with signed messages."""

import hashlib
import hmac
import json
import time
from collections.abc import Iterator

import pytest

from billing.domain.records import InvoiceState, PaymentState
from billing.errors import SandboxPaysNoMoney, WebhookRejected
from billing.providers.stripe import stripe_provider
from billing.services.collect_invoice import CollectInvoice
from billing.services.get_invoice import GetInvoice
from billing.services.handle_payment_webhook import HandlePaymentWebhook
from billing.services.set_payment_method import SetPaymentMethod
from control_plane.tenancy.clocks import TenantClock
from tests.support import stripe_peer as stripes
from tests.support.billing_world import ACTOR, World, organisation


@pytest.fixture(scope="module")
def peer() -> Iterator[stripes.StripePeer]:
    with stripes.stripe_peer() as running:
        yield running


@pytest.fixture
def providers(peer: stripes.StripePeer):
    return {"stripe": stripe_provider(stripes.API_KEY, stripes.WEBHOOK_SECRET, peer.url)}


@pytest.fixture
def collect(world: World, providers) -> CollectInvoice:
    return CollectInvoice(world.work, TenantClock(world.clock), providers)


async def pay_by(world: World, providers, tenant_id, method: str):
    choose = SetPaymentMethod(world.work, TenantClock(world.clock), providers)
    account = await choose(tenant_id=tenant_id, provider="stripe", method=method, actor=ACTOR)
    await world.subscribe(tenant_id)
    [invoice] = await world.invoices(tenant_id)
    return account, invoice.summary.id


def message(event: str, payment, tenant_id) -> tuple[bytes, str]:
    metadata = {"tenant": str(tenant_id), "payment": str(payment.id)}
    about = {"object": "payment_intent", "id": payment.reference, "metadata": metadata}
    payload = json.dumps({"object": "event", "type": event, "data": {"object": about}}).encode()
    now = int(time.time())
    signed = f"{now}.".encode() + payload
    digest = hmac.new(stripes.WEBHOOK_SECRET.encode(), signed, hashlib.sha256).hexdigest()
    return payload, f"t={now},v1={digest}"


async def test_a_card_payment_goes_all_the_way(world: World, tenant_id, providers, collect, peer):
    before = len(peer.charges())
    account, invoice = await pay_by(world, providers, tenant_id, stripes.VISA)

    for _ in range(3):
        payment = await collect(
            tenant_id=tenant_id, invoice_id=invoice, request_key="r", actor="billing"
        )

    assert account.method_label == "visa •••• 4242"
    assert payment is not None
    assert payment.state is PaymentState.SUCCEEDED
    assert [c["amount"] for c in peer.charges()[before:]] == [199900]
    assert await world.check_books(tenant_id) == []


async def test_a_sandbox_never_pays_real_money(world: World, admin, peer):
    sandbox = organisation(admin, "sandy", sandbox=True)
    live_key = stripe_provider("sk_live_x", stripes.WEBHOOK_SECRET, peer.url)
    test_key = stripe_provider(stripes.API_KEY, stripes.WEBHOOK_SECRET, peer.url)

    with pytest.raises(SandboxPaysNoMoney):
        await pay_by(world, {"stripe": live_key}, sandbox, stripes.VISA)
    account, _ = await pay_by(world, {"stripe": test_key}, sandbox, stripes.VISA)

    assert account.method_label == "visa •••• 4242"


def test_without_a_signing_secret_no_message_is_believed():
    provider = stripe_provider(stripes.API_KEY, "")
    now = int(time.time())
    digest = hmac.new(b"", f"{now}.{{}}".encode(), hashlib.sha256).hexdigest()

    with pytest.raises(WebhookRejected, match="no signing secret"):
        provider.read_webhook(b"{}", f"t={now},v1={digest}")


async def test_messages_twice_and_out_of_order_change_nothing(
    world: World, tenant_id, providers, collect
):
    _, invoice = await pay_by(world, providers, tenant_id, stripes.VISA)
    payment = await collect(
        tenant_id=tenant_id, invoice_id=invoice, request_key="r", actor="billing"
    )
    handle = HandlePaymentWebhook(world.work, TenantClock(world.clock), providers)

    for event in ("payment_intent.succeeded", "payment_intent.payment_failed") * 2:
        payload, signature = message(event, payment, tenant_id)
        await handle(provider="stripe", payload=payload, signature=signature)

    view = await GetInvoice(world.work)(tenant_id=tenant_id, invoice_id=invoice)
    assert view.invoice.summary.state is InvoiceState.PAID
    assert await world.check_books(tenant_id) == []


async def test_a_declined_card_leaves_the_invoice_open(world: World, tenant_id, providers, collect):
    _, invoice = await pay_by(world, providers, tenant_id, stripes.DECLINED_LATER)

    payment = await collect(
        tenant_id=tenant_id, invoice_id=invoice, request_key="r", actor="billing"
    )

    assert payment is not None
    assert payment.state is PaymentState.FAILED
    assert "declined" in (payment.failure or "").lower()
    view = await GetInvoice(world.work)(tenant_id=tenant_id, invoice_id=invoice)
    assert view.invoice.summary.state is InvoiceState.ISSUED
