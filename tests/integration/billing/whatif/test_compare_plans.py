"""What each plan would have cost: the last whole months, as they were really used."""

from datetime import UTC, datetime

import pytest

from billing.services.whatif.compare_plans import ComparePlans, PlanComparison
from control_plane.subscriptions.errors import SubscriptionNotFound
from control_plane.tenancy.clocks import TenantClock
from tests.support.billing_world import World, build_world


@pytest.fixture
async def world(database, clock) -> World:
    return await build_world(database, clock)


@pytest.fixture
def compare(world) -> ComparePlans:
    return ComparePlans(world.work, TenantClock(world.clock), world.usage)


def amounts(found: PlanComparison | None) -> dict[str, int]:
    assert found is not None
    return {cost.plan.code: cost.amount.minor for cost in found.costs}


async def test_each_plan_is_priced_by_the_usage_there_was(world, compare, tenant_id):
    subscription = await world.subscribe(tenant_id)
    await world.ship(tenant_id, datetime(2026, 1, 20, 4, tzinfo=UTC), 7_234)
    await world.ship(tenant_id, datetime(2026, 2, 20, 4, tzinfo=UTC), 12_000)
    world.clock.set(datetime(2026, 3, 12, tzinfo=UTC))

    found = await compare(tenant_id=tenant_id, subscription_id=subscription)

    assert found is not None
    assert found.months == 2
    assert amounts(found) == {
        # 257.02, and 10,000 above the 2,000: 5,000 * 0.05 + 5,000 * 0.03 = 400.
        "growth": 2 * 1999_00 + 257_02 + 400_00,
        # 2,234 at 0.04 = 89.36, and 7,000 above the 5,000: 200 + 2,000 * 0.02 = 240.
        "scale": 2 * 3999_00 + 89_36 + 240_00,
        "inbound_only": 2 * 499_00,
        "outbound_only": 2 * 799_00,
        "wide": 2 * 999_00,
    }


async def test_it_says_which_plan_is_held_and_what_others_lack(world, compare, tenant_id):
    subscription = await world.subscribe(tenant_id)
    world.clock.set(datetime(2026, 2, 12, tzinfo=UTC))

    found = await compare(tenant_id=tenant_id, subscription_id=subscription)

    assert found is not None
    assert [cost.plan.code for cost in found.costs if cost.held] == ["growth"]
    assert {cost.plan.code: cost.missing for cost in found.costs if cost.missing} == {
        "inbound_only": ("outbound",),
        "outbound_only": ("inbound",),
    }
    assert [cost.amount.minor for cost in found.costs] == sorted(amounts(found).values())


async def test_what_the_held_plan_would_have_cost_is_what_it_did_cost(world, compare, tenant_id):
    subscription = await world.subscribe(tenant_id)
    await world.ship(tenant_id, datetime(2026, 1, 20, 4, tzinfo=UTC), 7_234)
    world.clock.set(datetime(2026, 2, 10, 2, tzinfo=UTC))
    await world.close_due(tenant_id)

    found = await compare(tenant_id=tenant_id, subscription_id=subscription)
    first, second = await world.invoices(tenant_id)

    usage = second.summary.total.minor - 1999_00
    assert amounts(found)["growth"] == first.summary.total.minor + usage


async def test_before_a_first_whole_month_there_is_nothing_to_compare(world, compare, tenant_id):
    subscription = await world.subscribe(tenant_id)

    assert await compare(tenant_id=tenant_id, subscription_id=subscription) is None


async def test_anothers_subscription_is_not_there(world, compare, tenant_id, other_tenant_id):
    subscription = await world.subscribe(tenant_id)

    with pytest.raises(SubscriptionNotFound):
        await compare(tenant_id=other_tenant_id, subscription_id=subscription)
