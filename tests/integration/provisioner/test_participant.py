"""A test clock waits for services to be as bought and to hold nothing back."""

import pytest

from provisioner.domain.instances import State
from provisioner.errors import StartFailed


async def until_calm(participant, tenant_id) -> int:
    for rounds in range(1, 6):
        if not await participant.settle(tenant_id):
            return rounds
    raise AssertionError("it never calms down")


async def test_it_is_busy_while_instances_come_up_and_calm_when_they_are_settled(site, tenant_id):
    await site.shop.buy(tenant_id)
    participant = site.provisioner.participant

    assert await participant.settle(tenant_id)
    assert not await participant.settle(tenant_id)

    assert {who for what, who in site.modules.received if what == "sync"} == {
        "inbound",
        "ledger",
        "outbound",
    }
    assert await participant.next_boundary(tenant_id, site.shop.clock.now()) is None


async def test_a_tenant_without_services_is_calm(site, tenant_id):
    assert not await site.provisioner.participant.settle(tenant_id)


async def test_services_that_hold_usage_back_keep_it_busy(site, tenant_id):
    await site.shop.buy(tenant_id)
    await until_calm(site.provisioner.participant, tenant_id)
    site.modules.settled = False

    assert await site.provisioner.participant.settle(tenant_id)


async def test_services_behind_the_newest_snapshot_keep_it_busy(site, tenant_id, admin):
    await site.shop.buy(tenant_id)
    await until_calm(site.provisioner.participant, tenant_id)
    site.modules.revision = 6
    admin.execute(
        "INSERT INTO entitlement_snapshots (tenant_id, revision, payload, signature, key_id, "
        "facts_sha256, issued_at) VALUES (%s, 7, '', '', 'k', 'f', now())",
        [tenant_id],
    )

    assert await site.provisioner.participant.settle(tenant_id)
    site.modules.revision = 7
    assert not await site.provisioner.participant.settle(tenant_id)


async def test_it_says_why_the_clock_cannot_go_on(site, tenant_id):
    await site.shop.buy(tenant_id)
    site.runtime.starts_as = State.STOPPED

    with pytest.raises(StartFailed):
        await site.provisioner.participant.settle(tenant_id)
