"""Webhooks over a real database and real connections: signed, tried again, given up, replayed."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from control_plane.kernel.clock import FakeClock
from control_plane.kernel.ids import OutboxId, format_id, new_id
from control_plane.notifications.webhooks.calling import Caller
from control_plane.notifications.webhooks.domain import DeliveryState, DisabledReason, EndpointKind
from control_plane.notifications.webhooks.errors import TooManyWebhooks, WebhookDisabled
from control_plane.notifications.webhooks.events import EventType, announce
from control_plane.notifications.webhooks.guard import Guard
from control_plane.runtime.outbox import OutboxRelay
from control_plane.runtime.topics import WEBHOOK_EVENT
from tests.support.webhook_peer import listening
from web.compose import compose

AT = datetime(2026, 1, 10, 2, 0, tzinfo=UTC)
DATA = {"revision": 7}
ISSUED = EventType.INVOICE_ISSUED


class World:
    """An application with one tenant, whose endpoints may be on this machine."""

    def __init__(self, settings, clock, tenant_id):
        self.clock, self.tenant_id = clock, tenant_id
        self.app = compose(replace(settings, webhooks_allow_private=True), clock)
        self.app.webhook_caller = Caller(Guard(allow_private=True), timeout_seconds=0.3)

    async def endpoint(self, url, kind=EndpointKind.STANDARD, events=(ISSUED.value,), **more):
        return await self.app.create_webhook(
            tenant_id=self.tenant_id, kind=kind, url=url, events=events, actor="usr_1", **more
        )

    async def happen(self, event=ISSUED, data=DATA):
        """Announce in a transaction and let the outbox hand it over; return the message's id."""
        message_id = OutboxId(new_id())
        payload = {"type": event.value, "at": "2026-01-10T02:00:00Z", "data": data}
        await self.app.tell_webhooks(self.tenant_id, payload, message_id)
        return format_id("msg", message_id)

    async def send(self):
        return await self.app.send_webhooks.run_all()

    async def deliveries(self, **more):
        return await self.app.list_webhook_deliveries(tenant_id=self.tenant_id, **more)

    async def fail_until_dead(self):
        """Let time pass until nothing is tried any more; return how long that took."""
        begun = self.clock.now()
        while [d for d in await self.deliveries() if d.state is DeliveryState.PENDING]:
            last = self.clock.now()
            await self.send()
            waiting = [d for d in await self.deliveries() if d.state is DeliveryState.PENDING]
            if waiting:
                self.clock.set(max(d.next_at for d in waiting))
        return last - begun

    async def state(self, endpoint):
        found = await self.app.list_webhooks(self.tenant_id)
        return next(s.endpoint for s in found if s.endpoint.id == endpoint.id)


@pytest.fixture
async def world(settings, tenant_id):
    made = World(settings, FakeClock(AT), tenant_id)
    yield made
    await made.app.close()


@pytest.fixture
async def peer():
    async with listening() as opened:
        yield opened


async def test_a_message_arrives_signed_and_once(world, peer):
    endpoint, secret = await world.endpoint(peer.url)
    message_id = await world.happen()
    await world.send()
    await world.send()

    (got,) = peer.received
    assert got.signed_by(secret)
    assert got.headers["webhook-id"] == message_id
    assert got.headers["webhook-timestamp"] == str(int(AT.timestamp()))
    assert got.json == {"type": "invoice.issued", "timestamp": "2026-01-10T02:00:00Z", "data": DATA}
    (sent,) = await world.deliveries()
    assert (sent.state, sent.last_status) == (DeliveryState.DELIVERED, 200)
    assert not await world.deliveries(endpoint_id=endpoint.id, state=DeliveryState.DEAD)


async def test_an_event_commits_with_its_fact_and_only_where_somebody_listens(
    world, peer, work, system, tenant_id, other_tenant_id
):
    await world.endpoint(peer.url, events=["invoice.paid"])
    relay = OutboxRelay(system, {WEBHOOK_EVENT: world.app.tell_webhooks}, FakeClock(_soon()))
    for owner, event in (
        (tenant_id, EventType.INVOICE_PAID),
        (tenant_id, ISSUED),
        (other_tenant_id, EventType.INVOICE_PAID),
    ):
        async with work(owner) as session:
            await announce(session, owner, event, DATA, at=AT)
    with pytest.raises(RuntimeError):
        async with work(tenant_id) as session:
            await announce(session, tenant_id, EventType.INVOICE_PAID, {"revision": 8}, at=AT)
            raise RuntimeError("the fact did not commit")

    assert await relay.run_once() == 1
    await world.send()
    assert [got.json["data"] for got in peer.received] == [DATA]


def _soon():
    return datetime(2100, 1, 1, tzinfo=UTC)


async def test_the_outbox_handing_over_twice_sends_one_message(world, peer):
    await world.endpoint(peer.url)
    payload = {"type": "invoice.issued", "at": "2026-01-10T02:00:00Z", "data": DATA}
    same = OutboxId(new_id())
    await world.app.tell_webhooks(world.tenant_id, payload, same)
    await world.app.tell_webhooks(world.tenant_id, payload, same)
    await world.send()

    assert len(peer.received) == 1


async def test_what_fails_is_tried_for_a_day_under_one_id_and_then_kept_as_dead(world, peer):
    peer.answers = [
        (500, b"out of order\x00", {}),
        "hang",
        "close",
        (302, b"", {"Location": "/"}),
        503,
    ]
    _, secret = await world.endpoint(peer.url)
    await world.happen()
    spent = await world.fail_until_dead()

    (dead,) = await world.deliveries()
    assert (dead.state, dead.attempts) == (DeliveryState.DEAD, 12)
    assert timedelta(hours=18) < spent < timedelta(hours=28)
    assert len({got.headers["webhook-id"] for got in peer.received}) == 1
    assert len({got.headers["webhook-timestamp"] for got in peer.received}) == 12
    assert all(got.signed_by(secret) for got in peer.received)
    assert {got.path for got in peer.received} == {"/hook"}
    _, _, attempts = await world.app.get_webhook_delivery(
        tenant_id=world.tenant_id, delivery_id=dead.id
    )
    said = [(a.number, a.status, a.error) for a in attempts[:5]]
    assert said == [
        (1, 500, "status_500"),
        (2, None, "timeout"),
        (3, None, "connection_closed"),
        (4, 302, "status_302"),
        (5, 503, "status_503"),
    ]
    assert attempts[0].answer == "out of order"

    peer.answers = [200]
    replayed = await world.app.replay_webhooks.all_dead(
        tenant_id=world.tenant_id, endpoint_id=dead.endpoint_id, actor="usr_1"
    )
    await world.send()
    (again,) = await world.deliveries()
    assert (replayed, again.state, again.attempts) == (1, DeliveryState.DELIVERED, 13)
    assert len({got.headers["webhook-id"] for got in peer.received}) == 1


async def test_retry_after_is_kept_to(world, peer):
    peer.answers = [(429, b"", {"Retry-After": "120"}), 200]
    await world.endpoint(peer.url)
    await world.happen()
    await world.send()
    (waiting,) = await world.deliveries()

    assert waiting.next_at == AT + timedelta(seconds=120)


async def test_a_replay_of_one_sends_that_one(world, peer):
    await world.endpoint(peer.url)
    await world.happen()
    await world.happen()
    await world.send()
    first = (await world.deliveries())[-1]
    await world.app.replay_webhooks.one(
        tenant_id=world.tenant_id, delivery_id=first.id, actor="usr_1"
    )
    await world.send()

    ids = [got.headers["webhook-id"] for got in peer.received]
    assert len(ids) == 3
    assert ids.count(format_id("msg", first.message.id)) == 2


async def test_an_endpoint_that_is_gone_is_disabled_and_its_owner_told(
    world, peer, people_of, admin
):
    peer.answers = [410]
    endpoint, _ = await world.endpoint(peer.url)
    await world.happen()
    await world.happen()
    await world.send()

    state = await world.state(endpoint)
    assert (state.disabled_reason, state.disabled_at) == (DisabledReason.GONE, AT)
    assert {d.state for d in await world.deliveries()} == {DeliveryState.DEAD}
    assert _mails(admin) == ["webhook_disabled"]
    await world.happen()
    assert len(await world.deliveries()) == 2
    with pytest.raises(WebhookDisabled):
        await world.app.replay_webhooks.all_dead(
            tenant_id=world.tenant_id, endpoint_id=endpoint.id, actor="usr_1"
        )


async def test_an_endpoint_that_fails_for_days_is_disabled(world, peer, people_of, admin):
    peer.answers = [500]
    endpoint, _ = await world.endpoint(peer.url)
    await world.happen()
    await world.fail_until_dead()
    assert (await world.state(endpoint)).disabled_at is None
    world.clock.set(AT + timedelta(days=3))
    await world.happen()
    await world.send()

    assert (await world.state(endpoint)).disabled_reason is DisabledReason.FAILING
    assert _mails(admin) == ["webhook_disabled"]
    await world.app.change_webhook(
        tenant_id=world.tenant_id, endpoint_id=endpoint.id, actor="usr_1", disabled=False
    )
    peer.answers = [200]
    await world.app.replay_webhooks.all_dead(
        tenant_id=world.tenant_id, endpoint_id=endpoint.id, actor="usr_1"
    )
    await world.send()
    assert {d.state for d in await world.deliveries()} == {DeliveryState.DELIVERED}
    assert (await world.state(endpoint)).failing_since is None


async def test_the_owner_reads_since_when_by_the_organisations_own_clock(
    world, peer, people_of, admin
):
    admin.execute("UPDATE organisations SET zone = 'America/New_York'")
    peer.answers = [410]
    await world.endpoint(peer.url)
    await world.happen()
    await world.send()

    asked = "SELECT payload -> 'fields' ->> 'since' FROM outbox WHERE topic = 'mail.requested'"
    assert admin.execute(asked).fetchall() == [("2026-01-09 21:00 (America/New_York)",)]


def _mails(admin):
    rows = admin.execute("SELECT payload ->> 'template' FROM outbox WHERE topic = 'mail.requested'")
    return [row[0] for row in rows]


@pytest.fixture
def people_of(admin, tenant_id):
    user = new_id()
    admin.execute(
        "INSERT INTO users (id, email, name, created_at) VALUES (%s, 'o@x.example', 'O', now())",
        [user],
    )
    admin.execute(
        "INSERT INTO members (tenant_id, user_id, role, joined_at) VALUES (%s, %s, 'owner', now())",
        [tenant_id, user],
    )


async def test_both_secrets_sign_while_they_overlap(world, peer):
    endpoint, old = await world.endpoint(peer.url)
    _, new = await world.app.rotate_webhook_secret(
        tenant_id=world.tenant_id, endpoint_id=endpoint.id, actor="usr_1", overlap_hours=24
    )
    await world.happen()
    await world.send()
    world.clock.advance(hours=24)
    await world.happen()
    await world.send()

    during, after = peer.received
    assert during.signed_by(old)
    assert during.signed_by(new)
    assert not after.signed_by(old)
    assert after.signed_by(new)


async def test_a_secret_that_ends_at_once_signs_no_more(world, peer):
    endpoint, old = await world.endpoint(peer.url)
    await world.app.rotate_webhook_secret(
        tenant_id=world.tenant_id, endpoint_id=endpoint.id, actor="usr_1", overlap_hours=0
    )
    await world.happen()
    await world.send()

    assert not peer.received[0].signed_by(old)


async def test_a_dingtalk_robot_is_told_in_words_under_its_signature(world, peer, admin):
    admin.execute("UPDATE organisations SET language = 'zh_CN'")
    url = f"{peer.url}?access_token=abc"
    ok = json.dumps({"errcode": 0, "errmsg": "ok"}).encode()
    wrong = json.dumps({"errcode": 310000, "errmsg": "sign not match"}).encode()
    peer.answers = [(200, wrong, {}), (200, ok, {})]
    await world.endpoint(url, EndpointKind.DINGTALK, secret="SECabcdef")
    await world.happen(data={"invoice": "inv_1", "currency": "CNY", "total_minor": 199900})
    await world.send()
    (waiting,) = await world.deliveries()
    assert waiting.last_error == "errcode_310000"
    world.clock.advance(minutes=1)
    await world.send()

    first, second = peer.received
    assert first.dingtalk_signed_by("SECabcdef")
    assert second.dingtalk_signed_by("SECabcdef")
    assert second.query["access_token"] == "abc"
    assert second.json["msgtype"] == "markdown"
    assert second.json["markdown"]["title"] == "新账单：1999.00 CNY"
    assert (await world.deliveries())[0].state is DeliveryState.DELIVERED


async def test_a_wecom_robot_is_told_in_markdown(world, peer):
    peer.answers = [(200, b'{"errcode":0,"errmsg":"ok"}', {})]
    endpoint, secret = await world.endpoint(f"{peer.url}?key=abc", EndpointKind.WECOM)
    await world.happen(data={"invoice": "inv_1", "currency": "CNY", "total_minor": 5})
    await world.send()

    (got,) = peer.received
    assert (secret, got.path) == (None, "/hook?key=abc")
    assert got.json["markdown"]["content"].startswith("#### New invoice: 0.05 CNY\n")
    assert endpoint.url == peer.url


async def test_no_connection_is_opened_to_a_private_address(world, peer):
    await world.endpoint(peer.url)
    await world.endpoint(peer.url.replace("127.0.0.1", "localhost"))
    world.app.webhook_caller.guard = Guard()
    await world.happen()
    await world.send()

    assert peer.received == []
    assert {d.last_error for d in await world.deliveries()} == {"address_refused"}


async def test_of_a_long_answer_the_beginning_is_kept(world, peer):
    peer.answers = [(200, b"x" * 1_000_000, {})]
    await world.endpoint(peer.url)
    await world.happen()
    await world.send()
    (sent,) = await world.deliveries()
    _, _, (attempt,) = await world.app.get_webhook_delivery(
        tenant_id=world.tenant_id, delivery_id=sent.id
    )

    assert attempt.answer == "x" * 1_000


async def test_what_a_killed_worker_left_is_taken_up_again(world, peer):
    await world.endpoint(peer.url)
    await world.happen()
    claimed = await world.app.send_webhooks._claim(10)
    assert len(claimed) == 1
    assert await world.send() == 0
    world.clock.advance(seconds=61)
    assert await world.send() == 1
    assert len(peer.received) == 1


async def test_an_endpoint_that_hangs_holds_up_no_other(world, peer):
    async with listening() as slow:
        slow.answers = ["hang"]
        await world.endpoint(slow.url)
        await world.endpoint(peer.url)
        for _ in range(6):
            await world.happen()
        assert await world.app.send_webhooks.run() == 8  # four of each endpoint
        assert len(peer.received) == 4
        await world.send()
    assert len(peer.received) == 6


async def test_a_test_message_goes_to_one_endpoint(world, peer):
    endpoint, _ = await world.endpoint(peer.url)
    await world.endpoint(peer.url)
    await world.app.test_webhook(tenant_id=world.tenant_id, endpoint_id=endpoint.id, actor="usr_1")
    await world.send()

    assert [got.json["type"] for got in peer.received] == ["webhook.test"]


async def test_secrets_and_the_addresses_of_robots_are_stored_sealed(world, peer, admin):
    _, secret = await world.endpoint(peer.url)
    await world.endpoint(f"{peer.url}?key=robot-key", EndpointKind.WECOM)
    rows = str(admin.execute("SELECT * FROM webhook_endpoints").fetchall())
    kept = str(admin.execute("SELECT * FROM audit_entries").fetchall())

    assert secret not in rows + kept
    assert "robot-key" not in rows + kept


async def test_there_is_an_end_to_endpoints(world, peer):
    for _ in range(20):
        await world.endpoint(peer.url)
    with pytest.raises(TooManyWebhooks):
        await world.endpoint(peer.url)


async def test_what_is_old_is_deleted_with_its_attempts(world, peer, admin):
    await world.endpoint(peer.url)
    await world.happen()
    await world.send()
    world.clock.advance(days=29)
    purge = next(job for job in world.app.telling_jobs if job.name == "purge-webhooks")
    assert await purge.run() == 0
    world.clock.advance(days=2)
    assert await purge.run() == 1
    left = admin.execute(
        "SELECT (SELECT count(*) FROM webhook_deliveries), (SELECT count(*) FROM webhook_attempts)"
    )
    assert left.fetchone() == (0, 0)
