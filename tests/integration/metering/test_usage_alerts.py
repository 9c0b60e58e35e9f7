"""From usage to its alerts: found after rolling, told once each, on every way there is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from control_plane.kernel.clock import FakeClock
from control_plane.kernel.ids import OutboxId, new_id
from control_plane.notifications.webhooks.domain import EndpointKind
from control_plane.subscriptions.repository import SubscriptionRepository
from control_plane.tenancy.domain import Role
from metering.errors_alerts import AlertThresholdsInvalid
from tests.support.catalogue import SMALL
from tests.support.timelines import started
from tests.support.usage import usage_event
from tests.support.webhook_peer import listening
from web.compose import compose

METERED = SMALL.replace(
    "    kind: limit\n    per: day\n",
    "    kind: metered\n    per: month\n    meter: outbound_lines\n",
)
MONTH = datetime(2026, 1, 31, 16, tzinfo=UTC)  # February begins in Shanghai
WITHIN = MONTH + timedelta(days=7)
EVENTS = ["usage.threshold_reached", "usage.forecast_exceeds"]


class World:
    def __init__(self, app, clock, tenant_id, admin):
        self.app, self.clock, self.tenant_id, self.admin = app, clock, tenant_id, admin
        self.posted = 0

    async def use(self, lines, at=WITHIN):
        self.posted += 1
        event = usage_event(f"s-{self.posted}", time=at, data={"lines": lines})
        await self.app.usage_store.ingest(self.tenant_id, [event])

    async def look(self):
        """Roll and look, as the jobs do, half a minute later."""
        await self.app.roll_due_usage.run()
        self.clock.advance(seconds=31)
        return await self.app.find_due_alerts.run()

    async def told(self):
        _, alerts = await self.app.read_usage_alerts(self.tenant_id)
        return sorted((a.period, a.mark) for a in alerts)

    async def deliver(self):
        """Hand over what the outbox holds, and call the endpoints."""
        rows = self.admin.execute(
            "DELETE FROM outbox WHERE topic = 'webhook.event' RETURNING payload"
        )
        for (payload,) in rows.fetchall():
            await self.app.tell_webhooks(self.tenant_id, payload, OutboxId(new_id()))
        await self.app.send_webhooks.run_all()

    def mails(self):
        rows = self.admin.execute(
            "SELECT payload FROM outbox WHERE topic = 'mail.requested' ORDER BY id"
        )
        return [(p["to"], p["template"], p["fields"], p["language"]) for (p,) in rows.fetchall()]


@pytest.fixture
async def world(settings, tenant_id, admin):
    clock = FakeClock(WITHIN + timedelta(hours=1))
    app = compose(replace(settings, webhooks_allow_private=True), clock)
    catalog = (await app.apply_catalog(METERED)).catalog
    async with app.work(tenant_id) as session:
        timeline = started(catalog.plan("growth").id)
        await SubscriptionRepository(session).add(tenant_id, timeline)
    await app.publish_snapshot(tenant_id)
    yield World(app, clock, tenant_id, admin)
    await app.close()


@pytest.fixture
def owner(admin, tenant_id):
    user = new_id()
    admin.execute(
        "INSERT INTO users (id, email, name, created_at) VALUES (%s, 'o@x.example', 'O', now())",
        [user],
    )
    admin.execute(
        "INSERT INTO members (tenant_id, user_id, role, joined_at) VALUES (%s, %s, 'owner', now())",
        [tenant_id, user],
    )


async def test_each_threshold_is_told_once_a_period(world):
    await world.use(74)
    assert await world.look() == 1  # seven days at this pace: beyond 150 by the month's end
    assert await world.told() == [("month:2026-02", "forecast")]
    await world.use(1)
    assert await world.look() == 1
    await world.use(1)
    assert await world.look() == 0
    await world.use(80)
    assert await world.look() == 2
    assert await world.told() == [
        ("month:2026-02", mark) for mark in ("100", "50", "80", "forecast")
    ]
    march = datetime(2026, 3, 10, tzinfo=UTC)
    world.clock.set(march)
    await world.use(90, at=march - timedelta(hours=1))
    assert await world.look() == 2
    assert ("month:2026-03", "50") in await world.told()


async def test_what_is_told_reaches_endpoint_robots_and_mailbox(world, owner, admin):
    admin.execute("UPDATE organisations SET language = 'zh_CN'")
    robot_ok = (200, b'{"errcode":0,"errmsg":"ok"}', {})
    async with listening() as peer, listening() as ding, listening() as wecom:
        ding.answers = wecom.answers = [robot_ok]
        made = {"tenant_id": world.tenant_id, "events": EVENTS, "actor": "usr_1"}
        create = world.app.create_webhook
        _, secret = await create(kind=EndpointKind.STANDARD, url=peer.url, **made)
        await create(kind=EndpointKind.DINGTALK, url=ding.url, secret="SEC1", **made)
        await create(kind=EndpointKind.WECOM, url=wecom.url, **made)
        await world.use(80)
        assert await world.look() == 2
        await world.deliver()

    threshold = next(g for g in peer.received if g.json["type"] == "usage.threshold_reached")
    assert threshold.signed_by(secret)
    assert threshold.json["data"] == {
        "feature": "outbound.orders_per_day",
        "name": "每日出库单数",
        "meter": "outbound_lines",
        "period": "month:2026-02",
        "period_start": "2026-01-31T16:00:00Z",
        "period_end": "2026-02-28T16:00:00Z",
        "used": "80",
        "limit": "150",
        "threshold_percent": 50,
    }
    assert {g.json["type"] for g in peer.received} == set(EVENTS)
    assert all(g.dingtalk_signed_by("SEC1") for g in ding.received)
    titles = {g.json["markdown"]["title"] for g in ding.received}
    assert titles == {"每日出库单数：已用至限额的 50%", "每日出库单数：预计将超出限额"}
    texts = [g.json["markdown"]["content"] for g in wecom.received]
    assert any("2026-02-01 00:00 至 2026-03-01 00:00" in text for text in texts)
    mails = {(to, template, language) for to, template, _, language in world.mails()}
    assert mails == {
        ("o@x.example", "event_usage_threshold_reached", "zh_CN"),
        ("o@x.example", "event_usage_forecast_exceeds", "zh_CN"),
    }


async def test_a_mail_is_whole_in_both_languages(world, owner):
    await world.use(80)
    await world.look()
    for to, template, fields, _ in world.mails():
        for language in ("en", "zh_CN"):
            payload = {"to": to, "template": template, "fields": fields, "language": language}
            await world.app.deliver_mail(world.tenant_id, payload, OutboxId(new_id()))
    written = list((world.app.settings.var_dir / "mail").glob("*.eml"))
    assert len(written) == 4


async def test_a_tenant_says_what_it_is_told_of(world, owner):
    set_alerts = world.app.set_usage_alerts
    asked = {"tenant_id": world.tenant_id, "actor": "usr_1"}
    kept = await set_alerts(
        thresholds=[90, 10, 90], forecast=False, mail_roles=[Role.BILLING], **asked
    )
    assert kept.thresholds == (10, 90)
    await world.use(80)
    assert await world.look() == 1
    assert await world.told() == [("month:2026-02", "10")]
    assert world.mails() == []
    await set_alerts(thresholds=[50], forecast=False, mail_roles=[Role.OWNER], **asked)
    world.clock.advance(seconds=31)
    assert await world.app.find_due_alerts.run() == 1
    assert [m[0] for m in world.mails()] == ["o@x.example"]
    for wrong in ([0], [1001], list(range(1, 12))):
        with pytest.raises(AlertThresholdsInvalid):
            await set_alerts(thresholds=wrong, forecast=True, mail_roles=[], **asked)


async def test_nobody_writes_of_a_sandbox(world, owner, admin):
    admin.execute("UPDATE organisations SET sandbox = true")
    await world.use(80)
    assert await world.look() == 2
    assert world.mails() == []


async def test_usage_is_looked_at_when_it_changes_and_once_an_hour(world, admin):
    due = "SELECT due FROM usage_alert_checks"
    await world.use(10)
    await world.look()
    assert admin.execute(due).fetchall() == [(False,)]
    await world.app.roll_due_usage.run()
    assert admin.execute(due).fetchall() == [(False,)]
    await world.use(70)
    await world.app.roll_due_usage.run()
    assert admin.execute(due).fetchall() == [(True,)]
    assert await world.app.find_due_alerts.run() == 0  # looked at less than half a minute ago
    admin.execute("UPDATE usage_alert_checks SET due = false")
    world.clock.advance(minutes=59)
    assert await world.app.find_due_alerts.run() == 0
    world.clock.advance(minutes=2)
    assert await world.app.find_due_alerts.run() == 2


async def test_a_crash_before_the_commit_told_nothing_and_all_is_told_after(world):
    await world.use(80)
    async with listening() as peer:
        await world.app.create_webhook(
            tenant_id=world.tenant_id,
            kind=EndpointKind.STANDARD,
            url=peer.url,
            events=EVENTS,
            actor="usr_1",
        )
        await world.app.roll_due_usage.run()
        with pytest.raises(KeyboardInterrupt):
            async with world.app.work(world.tenant_id):
                assert await world.app.find_due_alerts.find(world.tenant_id) == 2
                raise KeyboardInterrupt
        assert await world.told() == []
        assert await world.look() == 2
        await world.deliver()
    assert len(peer.received) == 2
