"""Money paid ahead has its fapiao when it is paid in, and not once more when it is used."""

import pytest

from billing.domain.fapiao.errors import FapiaoKindRefused, FapiaoNeedsTax
from billing.domain.fapiao.title import FapiaoKind
from tests.support.fapiao_world import fee, keep_topup, refund_topup, use_topup


async def test_a_prepaid_card_is_sold_under_601_untaxed(sandbox, admin):
    card = keep_topup(admin, sandbox.tenant_id, "500.00")
    [offer] = await sandbox.offers(sandbox.tenant_id)
    assert (offer.document, offer.topup, offer.left.minor) == (card, True, 50000)
    fapiao = await sandbox.issued(card)
    [line] = fapiao.content.lines
    assert (line.code[:3], line.rate, line.tax_minor) == ("601", "untaxed", 0)
    assert await sandbox.offers(sandbox.tenant_id) == []


async def test_a_prepaid_card_gets_no_special_fapiao(sandbox, admin):
    card = keep_topup(admin, sandbox.tenant_id, "500.00")
    with pytest.raises(FapiaoKindRefused):
        await sandbox.ask(card, kind=FapiaoKind.SPECIAL)


async def test_what_the_card_paid_of_an_invoice_is_not_invoiced_again(sandbox, admin):
    card = keep_topup(admin, sandbox.tenant_id, "500.00")
    part, whole = sandbox.invoice([fee("a", "100.00")]), sandbox.invoice([fee("b", "100.00")])
    use_topup(admin, sandbox.tenant_id, card, part, "53.00")
    use_topup(admin, sandbox.tenant_id, card, whole, "106.00")
    offers = {o.document: o.left.minor for o in await sandbox.offers(sandbox.tenant_id)}
    assert offers == {card: 50000, part: 5300}
    assert (await sandbox.issued(part)).total.minor == 5300


async def test_money_taxed_when_paid_in_shows_its_tax(sandbox, admin):
    group = {"category": "standard", "code": "S", "rate": "6", "base_minor": 10000}
    topup = keep_topup(
        admin, sandbox.tenant_id, "106.00", "tax_on_topup", [{**group, "tax_minor": 600}]
    )
    fapiao = await sandbox.issued(topup)
    assert (fapiao.content.net.minor, fapiao.content.tax.minor) == (10000, 600)


async def test_money_taxed_when_used_has_its_fapiao_then(sandbox, admin):
    topup = keep_topup(admin, sandbox.tenant_id, "106.00", "tax_on_use")
    assert await sandbox.offers(sandbox.tenant_id) == []
    with pytest.raises(FapiaoNeedsTax):
        await sandbox.ask(topup)
    invoice = sandbox.invoice([fee("a", "100.00")])
    use_topup(admin, sandbox.tenant_id, topup, invoice, "106.00")
    assert (await sandbox.issued(invoice)).total.minor == 10600


async def test_a_refunded_card_takes_as_much_of_its_fapiao_back(sandbox, admin):
    card = keep_topup(admin, sandbox.tenant_id, "500.00")
    blue = await sandbox.issued(card)
    for minor in (20000, 30000):
        await refund_topup(sandbox, card, minor)
        for _ in range(2):
            await sandbox.open_red(sandbox.tenant_id, {"topup_id": str(card)}, None)
        await sandbox.run()
    reds = await sandbox.reds(blue)
    assert sorted(red.total.minor for red in reds) == [-30000, -20000]
    assert {line.rate for red in reds for line in red.content.lines} == {"untaxed"}


async def test_what_was_refunded_before_stands_on_no_fapiao(sandbox, admin):
    card = keep_topup(admin, sandbox.tenant_id, "500.00")
    await refund_topup(sandbox, card, 20000)
    assert (await sandbox.issued(card)).total.minor == 30000


async def test_a_credit_note_over_what_a_card_paid_takes_back_what_was_invoiced(sandbox, admin):
    card = keep_topup(admin, sandbox.tenant_id, "500.00")
    invoice = sandbox.invoice([fee("a", "100.00")])
    use_topup(admin, sandbox.tenant_id, card, invoice, "53.00")
    blue = await sandbox.issued(invoice)
    await sandbox.credit(invoice, {"a": "100.00"})
    await sandbox.run()
    [red] = await sandbox.reds(blue)
    assert red.total.minor == -blue.total.minor
