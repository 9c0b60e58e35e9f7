"""Default, plan, price, tenant: the last word wins, and an invoice's manifest holds them all."""

from datetime import timedelta

import pytest

from billing.domain.assembling import RoundingNotAllowed
from billing.services.tax.apply_tax_sheet import ApplyTaxSheet
from control_plane.catalog.policies import DEFAULTS
from control_plane.catalog.services.apply_catalog import ApplyCatalog
from tests.integration.billing.documents.test_taxed_sales import SHEET
from tests.integration.billing.test_document_life import replays, terms
from tests.support.billing_catalogue import CATALOGUE
from tests.support.billing_world import ACTOR, World

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


async def test_what_is_rounded_together_replays_when_a_neighbour_moves(world: World, tenant_id):
    """8 of 31 days of 499.00 and of 799.00 are 128.774… and 206.193…, together 334.97.

    Once the second subscription ends too, the first one's fee is one fen short: a line of its own.
    """
    await terms(world, tenant_id, policies={"rounding_place": "invoice"})
    plans = ("inbound_only", "outbound_only")
    both = [await world.subscribe(tenant_id, plan) for plan in plans]
    world.clock.advance(days=8)
    for subscription_id in both:
        await world.cancel(
            tenant_id=tenant_id, subscription_id=subscription_id, at_once=True, actor=ACTOR
        )

    invoices, notes = await world.invoices(tenant_id), await world.notes(tenant_id)
    last = invoices[-1]
    assert [line["item"] for line in last.content["lines"]] == ["inbound_only@1"]
    assert last.summary.total.minor == 1
    # The other one's amount is an input of the document that moves its neighbour.
    [group] = last.inputs["rounded_together"]
    assert [exact for _, exact in group] == ["3992/31", "6392/31"]
    billed = sum(i.summary.total.minor for i in invoices) - sum(
        n.summary.total.minor for n in notes
    )
    assert billed == 334_97
    await replays(world, tenant_id)


async def test_what_a_preview_rounds_together_is_what_is_charged(world: World, tenant_id):
    """8 of 31 days of 499.00 are 128.77 alone, and 128.78 with those of 799.00 beside them."""
    wider = CATALOGUE.replace(
        "zh: 宽限版}\n    modules: [inbound, outbound]", "zh: 宽限版}\n    modules: [inbound]"
    ).replace("entitlements: {outbound.orders_per_day: 900}", "entitlements: {}")
    await ApplyCatalog(world.database, world.clock)(wider)
    await terms(world, tenant_id, policies={"rounding_place": "invoice"})
    plans = ("inbound_only", "outbound_only")
    inbound, outbound = [await world.subscribe(tenant_id, plan) for plan in plans]
    world.clock.advance(days=8)
    await world.cancel(tenant_id=tenant_id, subscription_id=outbound, at_once=True, actor=ACTOR)
    change = {"tenant_id": tenant_id, "subscription_id": inbound, "plan_code": "wide"}

    shown = await world.preview_plan_change(**change)
    changed = await world.change_plan(**change, token=shown.token, actor=ACTOR)

    [invoice], [*_, note] = changed.invoices, await world.notes(tenant_id)
    body = (await world.invoices(tenant_id))[-1].content
    assert invoice.total == shown.total
    assert [(x["amount_minor"], x["steps"]) for x in body["lines"]] == [
        (x.amount.minor, [dict(s) for s in x.steps]) for x in shown.lines
    ]
    assert note.summary.total == shown.quote.credited
    assert note.summary.total.minor == 499_00 - 128_78
    await replays(world, tenant_id)


async def test_a_tenant_whose_invoices_follow_en_16931_may_not_choose_it(world: World, tenant_id):
    await ApplyTaxSheet(world.database, world.clock)(SHEET)

    with pytest.raises(RoundingNotAllowed):
        await terms(world, tenant_id, policies={"rounding_place": "invoice"})
