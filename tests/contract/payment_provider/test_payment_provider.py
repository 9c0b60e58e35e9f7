"""What every payment provider that collects by itself must do."""

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from billing.errors import PaymentMethodRefused, ProviderUnavailable, WebhookRejected
from billing.ports import CollectionRequest, CollectionState, PaymentProvider
from billing.providers.manual import ManualProvider
from billing.providers.memory import DECLINED_CARD, GOOD_CARD, UNUSABLE_CARD, MemoryProvider
from billing.providers.stripe import stripe_provider
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import PaymentId, TenantId, new_id
from control_plane.kernel.money import Money
from tests.support import stripe_peer as stripes

TENANT = TenantId(new_id())


@dataclass
class Subject:
    """A provider, the cards it knows, and a look at what it really took."""

    provider: PaymentProvider
    good: str
    declined: str
    unusable: str
    taken: Callable[[], list[int]]
    sign: Callable[[bytes], str]
    message: Callable[[dict[str, str]], bytes]


def stripe_signature(payload: bytes, secret: str = stripes.WEBHOOK_SECRET) -> str:
    now = int(time.time())
    digest = hmac.new(secret.encode(), f"{now}.".encode() + payload, hashlib.sha256).hexdigest()
    return f"t={now},v1={digest}"


def stripe_message(metadata: dict[str, str]) -> bytes:
    about = {"object": "payment_intent", "id": "pi_1", "metadata": metadata}
    event = {"object": "event", "type": "payment_intent.succeeded", "data": {"object": about}}
    return json.dumps(event).encode()


@pytest.fixture(scope="module")
def peer() -> Iterator[stripes.StripePeer]:
    with stripes.stripe_peer() as running:
        yield running


@pytest.fixture(params=["memory", "stripe"])
def subject(request: pytest.FixtureRequest) -> Subject:
    if request.param == "memory":
        memory = MemoryProvider()
        return Subject(
            memory,
            GOOD_CARD,
            DECLINED_CARD,
            UNUSABLE_CARD,
            lambda: [amount.minor for amount in memory.taken],
            lambda payload: hmac.new(b"whsec_memory", payload, hashlib.sha256).hexdigest(),
            lambda metadata: json.dumps(metadata).encode(),
        )
    running = request.getfixturevalue("peer")
    before = len(running.charges())
    return Subject(
        stripe_provider(stripes.API_KEY, stripes.WEBHOOK_SECRET, running.url),
        stripes.VISA,
        stripes.DECLINED_LATER,
        stripes.DECLINED_AT_ONCE,
        lambda: [charge["amount"] for charge in running.charges()[before:]],
        stripe_signature,
        stripe_message,
    )


async def request_for(subject: Subject, method: str, minor: int = 199900) -> CollectionRequest:
    kept = await subject.provider.attach(TENANT, "Bella Pizza", method)
    return CollectionRequest(
        tenant_id=TENANT,
        payment_id=PaymentId(new_id()),
        amount=Money(minor, currency("CNY")),
        customer=kept.customer,
        method=kept.method,
        description="TY-2026-000001",
    )


async def test_preparing_moves_no_money(subject: Subject):
    reference = await subject.provider.prepare(await request_for(subject, subject.good))

    assert (await subject.provider.find(reference)).state is CollectionState.PENDING
    assert subject.taken() == []


async def test_collecting_takes_the_amount(subject: Subject):
    reference = await subject.provider.prepare(await request_for(subject, subject.good))

    collected = await subject.provider.collect(reference)

    assert (collected.state, collected.amount.minor) == (CollectionState.SUCCEEDED, 199900)
    assert subject.taken() == [199900]


async def test_collecting_again_takes_nothing_more(subject: Subject):
    reference = await subject.provider.prepare(await request_for(subject, subject.good))

    outcomes = [await subject.provider.collect(reference) for _ in range(3)]

    assert {o.state for o in outcomes} == {CollectionState.SUCCEEDED}
    assert subject.taken() == [199900]


async def test_preparing_again_after_a_lost_answer_takes_nothing_more(subject: Subject):
    request = await request_for(subject, subject.good)
    await subject.provider.prepare(request)

    await subject.provider.collect(await subject.provider.prepare(request))

    assert subject.taken() == [199900]


async def test_a_declined_card_fails_for_good_and_says_why(subject: Subject):
    reference = await subject.provider.prepare(await request_for(subject, subject.declined))

    first = await subject.provider.collect(reference)
    again = await subject.provider.collect(reference)

    assert first.state is again.state is CollectionState.FAILED
    assert first.failure
    assert subject.taken() == []


async def test_what_was_collected_is_found(subject: Subject):
    reference = await subject.provider.prepare(await request_for(subject, subject.good))
    collected = await subject.provider.collect(reference)

    assert await subject.provider.find(reference) == collected


async def test_a_card_that_cannot_be_used_is_refused(subject: Subject):
    with pytest.raises(PaymentMethodRefused):
        await subject.provider.attach(TENANT, "Bella Pizza", subject.unusable)


async def test_a_signed_message_names_its_attempt(subject: Subject):
    payment = PaymentId(new_id())
    payload = subject.message({"tenant": str(TENANT), "payment": str(payment)})

    notice = subject.provider.read_webhook(payload, subject.sign(payload))

    assert notice is not None
    assert (notice.tenant_id, notice.payment_id) == (TENANT, payment)


async def test_a_message_about_something_else_is_nothing_to_us(subject: Subject):
    payload = subject.message({"tenant": str(TENANT)})

    assert subject.provider.read_webhook(payload, subject.sign(payload)) is None


@pytest.mark.parametrize("signature", ["", "t=1,v1=00", "nonsense"])
async def test_an_unproven_message_is_rejected(subject: Subject, signature: str):
    payload = subject.message({"tenant": str(TENANT), "payment": str(new_id())})

    with pytest.raises(WebhookRejected):
        subject.provider.read_webhook(payload, signature)


async def test_a_tampered_message_is_rejected(subject: Subject):
    payload = subject.message({"tenant": str(TENANT), "payment": str(new_id())})
    signature = subject.sign(payload)

    with pytest.raises(WebhookRejected):
        subject.provider.read_webhook(payload.replace(b"payment", b"paymenT"), signature)


async def test_a_provider_that_does_not_answer_is_unavailable():
    deaf = stripe_provider(stripes.API_KEY, stripes.WEBHOOK_SECRET, "http://127.0.0.1:9")

    with pytest.raises(ProviderUnavailable):
        await deaf.find("pi_1")


async def test_bank_transfers_collect_nothing_by_themselves():
    manual = ManualProvider()

    kept = await manual.attach(TENANT, "Bella Pizza", "")

    assert (manual.automatic, kept.label) == (False, "Bella Pizza")
    with pytest.raises(WebhookRejected):
        manual.read_webhook(b"{}", "")
