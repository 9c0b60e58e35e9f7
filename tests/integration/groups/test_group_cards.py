"""A parent's card pays its consolidated invoices, once whatever is lost or repeated."""

import pytest

from billing.domain.records import PaymentState
from billing.errors import ProviderUnavailable
from billing.providers.memory import DECLINED_CARD, GOOD_CARD, MemoryProvider
from billing.services.groups.pay_consolidated import CollectConsolidated
from billing.services.handle_payment_webhook import HandlePaymentWebhook
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import ConsolidatedInvoiceId, parse_id
from control_plane.kernel.money import Money
from tests.integration.groups.conftest import tenant_of
from tests.integration.groups.test_consolidating import (
    balanced,
    consolidated,
    detail,
    grouped,
    opens,
)

CNY = currency("CNY")


class Cards:
    """The parent's card, at a provider in memory."""

    def __init__(self, groups, parent, admin):
        application = groups.site.application
        self.provider = MemoryProvider()
        self.groups, self.parent, self.admin = groups, parent, admin
        self.collect = CollectConsolidated(
            application.work, application.tenant_clock, {"memory": self.provider}
        )
        self.webhook = HandlePaymentWebhook(
            application.work,
            application.tenant_clock,
            {"memory": self.provider},
            (self.collect,),
        )

    async def kept(self, method):
        await self.groups.site.application.cost_centres.set(
            tenant_id=tenant_of(self.parent), named=None, default="HQ", actor="usr"
        )  # opens the account
        self.admin.execute(
            "UPDATE billing_accounts SET provider = 'memory', provider_customer = 'cus', "
            "provider_method = %s WHERE tenant_id = %s",
            [method, tenant_of(self.parent)],
        )

    async def __call__(self, made, key):
        return await self.collect(
            tenant_id=tenant_of(self.parent),
            consolidated_id=ConsolidatedInvoiceId(parse_id("cin", made["id"])),
            request_key=key,
            actor="billing",
        )


async def test_a_card_is_charged_once_though_every_answer_is_lost_once(groups, admin):
    parent, children, bought = await grouped(groups, "First")
    [made] = await consolidated(groups, parent)
    cards = Cards(groups, parent, admin)
    await cards.kept(GOOD_CARD)
    for lost in ("prepare", "collect"):
        cards.provider.silent = {lost}
        with pytest.raises(ProviderUnavailable):
            await cards(made, "one")
    cards.provider.silent = set()
    paid = await cards(made, "one")
    assert paid.state is PaymentState.SUCCEEDED
    assert [taken.decimal_text() for taken in cards.provider.taken] == [made["total"]]
    assert (await cards(made, "two")) is None  # nothing is open
    await groups.deliver()
    assert await opens(children, bought) == [0]
    await balanced(groups, parent, *children)


async def test_a_declined_card_leaves_it_open_and_may_be_tried_again(groups, admin):
    parent, children, bought = await grouped(groups, "First")
    [made] = await consolidated(groups, parent)
    cards = Cards(groups, parent, admin)
    await cards.kept(DECLINED_CARD)
    assert (await cards(made, "one")).state is PaymentState.FAILED
    found = await detail(parent, made)
    assert found["consolidated"]["state"] == "issued"
    assert found["payments"][0]["failure"] == "declined"
    await cards.kept(GOOD_CARD)
    cards.provider.silent = {"collect"}
    with pytest.raises(ProviderUnavailable):
        await cards(made, "two")
    cards.provider.silent = set()
    payload, signature = cards.provider.webhook("mem_2")
    for _ in range(2):
        state = await cards.webhook(provider="memory", payload=payload, signature=signature)
        assert state is PaymentState.SUCCEEDED
    await groups.deliver()
    assert await opens(children, bought) == [0]
    assert Money.parse(made["total"], CNY) == Money.total(cards.provider.taken, CNY)
