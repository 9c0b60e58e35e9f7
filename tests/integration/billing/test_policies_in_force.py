"""Default, plan, price, tenant: the last word wins, and an invoice's manifest holds them all."""

from datetime import timedelta

from control_plane.catalog.policies import DEFAULTS
from control_plane.catalog.services.apply_catalog import ApplyCatalog
from tests.integration.billing.test_document_life import replays, terms
from tests.support.billing_catalogue import CATALOGUE
from tests.support.billing_world import World

BY_PLAN = "policies: {rounding: up, denominator: thirty_days, payment_term_days: 20}"
BY_PRICE = "policies: {denominator: true_length, pause: holding_fee, payment_term_days: 30}"
BY_TENANT = {"pause": "credit_unused", "payment_term_days": 45}
CHOSEN = CATALOGUE.replace(
    "name: {en: Growth, zh: 成长版}", f"name: {{en: Growth, zh: 成长版}}\n    {BY_PLAN}"
).replace(
    "interval: month\n        charges: &growth",
    f"interval: month\n        {BY_PRICE}\n        charges: &growth",
)


async def test_the_most_specific_choice_wins_and_the_manifest_holds_all(world: World, tenant_id):
    await ApplyCatalog(world.database, world.clock)(CHOSEN)
    await terms(world, tenant_id, policies=BY_TENANT)
    await world.subscribe(tenant_id)

    [invoice] = await world.invoices(tenant_id)
    # rounding is the plan's, denominator the price's, the other two are the tenant's.
    assert invoice.inputs["policies"] == DEFAULTS.over({"rounding": "up"}, BY_TENANT).body()
    assert invoice.inputs["tenant_policies"] == BY_TENANT
    assert invoice.summary.payable_by - invoice.summary.dated == timedelta(days=45)
    await replays(world, tenant_id)


async def test_what_the_price_chooses_holds_for_the_document_where_the_tenant_is_silent(
    world: World, tenant_id
):
    await ApplyCatalog(world.database, world.clock)(CHOSEN)
    await world.subscribe(tenant_id)

    [invoice] = await world.invoices(tenant_id)
    assert invoice.summary.payable_by - invoice.summary.dated == timedelta(days=30)
    await replays(world, tenant_id)
