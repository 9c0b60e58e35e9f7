"""Services over HTTP: what is newest, a wait for what is newer, and a stream that ends in time."""

import asyncio
import time

import pytest

from control_plane.kernel.ids import InstanceId, TenantId, new_id, parse_id
from control_plane.sdk.envelope import Envelope, load_public_keys, verify
from control_plane.sdk.events import read_events
from control_plane.sdk.keyring import KeyRing
from control_plane.sdk.snapshot import parse_heartbeat, parse_snapshot
from tests.support.api import open_site
from web.api.service_sync import _events


@pytest.fixture
async def site(settings, clock):
    async with open_site(settings, clock) as site:
        yield site


@pytest.fixture
async def tenant_id(site):
    company = await site.company()
    return TenantId(parse_id("ten", company.tenant_id))


@pytest.fixture
async def token(site, tenant_id):
    made = await site.application.issue_service_token(
        tenant_id=tenant_id, instance_id=InstanceId(new_id()), module="inbound"
    )
    await site.application.publish_snapshot(tenant_id)
    return made


@pytest.fixture
async def service(site, token):
    async with site.client(authorization=f"Bearer {token}") as client:
        yield client


@pytest.fixture
def change(site, tenant_id):
    """Publish another revision, with one more service in it."""

    async def issue():
        await site.application.issue_service_token(
            tenant_id=tenant_id, instance_id=InstanceId(new_id()), module="outbound"
        )
        return await site.application.publish_snapshot(tenant_id)

    return issue


@pytest.fixture
def keys(site):
    return load_public_keys(site.application.signer.public_keys_text())


async def newest(service) -> int:
    answer = await service.get("/v1/service/snapshot")
    return parse_heartbeat(Envelope.from_json(answer.json()["heartbeat"]).payload).revision


async def test_a_wait_ends_with_the_next_revision(service, change, keys):
    have = await newest(service)
    waiting = asyncio.create_task(
        service.get("/v1/service/snapshot", params={"have": have, "wait": 20})
    )
    await asyncio.sleep(0.3)
    assert not waiting.done()

    revision = await change()
    async with asyncio.timeout(10):
        answer = (await waiting).json()

    snapshot = verify(Envelope.from_json(answer["snapshot"]), keys)
    assert parse_snapshot(snapshot).revision == revision == have + 1


async def test_a_wait_in_vain_ends_with_a_heartbeat(service, keys):
    have, asked = await newest(service), time.monotonic()

    answer = await service.get("/v1/service/snapshot", params={"have": have, "wait": 1})

    assert answer.json()["snapshot"] is None
    heartbeat = verify(Envelope.from_json(answer.json()["heartbeat"]), keys)
    assert parse_heartbeat(heartbeat).revision == have
    assert 0.9 < time.monotonic() - asked < 10


async def test_what_cannot_be_asked_is_refused(service):
    for query in ({"wait": 61}, {"wait": -1}, {"ring": -1}, {"have": -1}, {"have": "x"}):
        answer = await service.get("/v1/service/snapshot", params=query)
        assert answer.status_code == 400, query


async def test_key_rings_come_with_the_answer(service, site):
    ring = KeyRing(load_public_keys(site.application.signer.public_keys_text()))
    site.application.rotate_keys.announce()

    answer = (await service.get("/v1/service/snapshot", params={"ring": 0, "wait": 20})).json()
    assert ring.follow(map(Envelope.from_json, answer["keys"])) == []
    again = (await service.get("/v1/service/snapshot", params={"ring": ring.serial})).json()

    assert (len(ring), again["keys"]) == (2, [])


async def told(events):
    """The names of the events of the next piece of a stream."""
    async with asyncio.timeout(20):
        return [event.name for event in read_events((await anext(events)).splitlines(True))]


async def news(events):
    """The same, of the next piece that is more than a heartbeat."""
    while (names := await told(events)) == ["heartbeat"]:
        pass
    return names


async def test_a_stream_tells_what_is_new_and_ends_with_its_token(
    site, tenant_id, token, change, service
):
    have = await newest(service)
    events = _events(site.application, tenant_id, token, have, 0)
    assert await told(events) == ["heartbeat"]
    site.application.rotate_keys.announce()
    await change()
    assert [await news(events), await news(events)] == [["keys"], ["snapshot"]]

    principal = await site.application.authenticate_service_token(token)
    await site.application.revoke_service_tokens(
        tenant_id=tenant_id, instance_id=principal.instance_id
    )
    await site.application.publish_snapshot(tenant_id)

    assert await news(events) == ["snapshot"]
    with pytest.raises(StopAsyncIteration):
        await told(events)
    assert (await service.get("/v1/service/stream")).status_code == 401


async def test_a_process_that_is_to_end_ends_its_streams(site, tenant_id, token):
    events = _events(site.application, tenant_id, token, 0, 0)
    assert await told(events) == ["snapshot"]
    assert await told(events) == ["heartbeat"]

    site.application.end_streams()

    with pytest.raises(StopAsyncIteration):
        await news(events)
    assert site.application.snapshot_feeds.followers == 0
