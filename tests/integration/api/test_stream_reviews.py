"""A stream's reader is looked up anew, whatever its process remembers of the key."""

import asyncio

import pytest

from control_plane.kernel.ids import TenantId, parse_id
from tests.integration.api.test_entitlement_checks import streamed
from web.compose import compose


@pytest.fixture
async def elsewhere(site, settings, clock):
    """Another process over the same database."""
    application = compose(settings, clock)
    yield application
    await application.close()


async def test_a_stream_tells_no_change_after_its_key_was_revoked_elsewhere(bella, site, elsewhere):
    tenant = TenantId(parse_id("ten", bella.tenant_id))
    await site.application.publish_snapshot(tenant)
    keys = (await bella.get("/v1/api-keys")).json()
    revoked = []

    async def revoke():
        for key in keys:
            key_id = parse_id("key", key["id"])
            await elsewhere.revoke_api_key(tenant_id=tenant, key_id=key_id, actor="usr_1")
        revoked.append(await elsewhere.authenticate_api_key(bella.key))
        subscribed = await bella.post("/v1/subscriptions", {"plan_code": "growth"})
        assert subscribed.status_code == 201, "this process remembers the key"
        await elsewhere.publish_snapshot(tenant)

    async with asyncio.timeout(20):
        events = await streamed(site.app, bella.key, 2, {1: revoke})

    assert revoked == [None]
    assert [name for name, _, _ in events] == ["entitlements"], "the change is not told any more"
