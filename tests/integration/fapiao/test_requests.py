"""A fapiao is asked for once for an amount, and issued once whatever is lost on the way."""

import asyncio

import psycopg
import pytest

from billing.domain.fapiao.errors import (
    FapiaoAlreadyAsked,
    FapiaoInvoicesInvalid,
    FapiaoKindRefused,
    FapiaoNeedsOneSeller,
    FapiaoNeedsTax,
    FapiaoNothingLeft,
    FapiaoPlatformUnavailable,
    FapiaoStateRefused,
    TitleIncomplete,
    TitleMissing,
)
from billing.domain.fapiao.states import FapiaoState
from billing.domain.fapiao.title import FapiaoKind, TitleKind
from billing.errors import InvoiceNotFound
from billing.providers.fapiao.platform import BUSY_NAME, REFUSED_NAME
from control_plane.kernel.ids import InvoiceId, new_id
from tests.support.fapiao_world import fapiao_world, fee, organisation


async def test_an_invoice_becomes_a_fapiao_with_a_number_of_twenty_digits(sandbox):
    fapiao = await sandbox.issued(sandbox.invoice([fee("a", "100.00")]))
    assert fapiao.state is FapiaoState.ISSUED
    assert len(fapiao.number) == 20
    assert fapiao.total.minor == 10600
    assert fapiao.capitals == "壹佰零陆圆整"
    assert fapiao.title.name == "上海贝拉餐饮有限公司"


async def test_several_bills_are_merged_into_one(sandbox):
    ids = [sandbox.invoice([fee(key, "100.00")]) for key in "abc"]
    fapiao = await sandbox.issued(*ids)
    assert fapiao.total.minor == 3 * 10600
    assert {source.document for source in fapiao.sources} == set(ids)
    assert await sandbox.offers(sandbox.tenant_id) == []


async def test_an_invoice_is_covered_once(sandbox):
    first, second = sandbox.invoice([fee("a", "1.00")]), sandbox.invoice([fee("b", "1.00")])
    await sandbox.ask(first)
    with pytest.raises(FapiaoAlreadyAsked):
        await sandbox.ask(second, first)
    assert [o.document for o in await sandbox.offers(sandbox.tenant_id)] == [second]


async def test_of_two_requests_at_once_one_wins(sandbox):
    invoice = sandbox.invoice([fee("a", "1.00")])
    asked = await asyncio.gather(*(sandbox.ask(invoice) for _ in range(4)), return_exceptions=True)
    refused = [a for a in asked if isinstance(a, FapiaoAlreadyAsked)]
    assert len(refused) == 3


def test_the_database_itself_covers_an_invoice_once(sandbox, admin):
    invoice = sandbox.invoice([fee("a", "1.00")])
    for expected in (None, psycopg.errors.UniqueViolation):
        fapiao = new_id()
        admin.execute(
            "INSERT INTO fapiao (tenant_id, id, colour, kind, entity, provider, state, body, "
            "net_minor, tax_minor, total_minor, requested_by, requested_at) VALUES "
            "(%s, %s, 'blue', 'normal', 'cn', 'x', 'requested', '', 1, 0, 1, '', now())",
            [sandbox.tenant_id, fapiao],
        )
        claim = [sandbox.tenant_id, fapiao, invoice]
        statement = (
            "INSERT INTO fapiao_sources (tenant_id, fapiao_id, invoice_id, number, known_notes) "
            "VALUES (%s, %s, %s, '', '{}')"
        )
        if expected is None:
            admin.execute(statement, claim)
        else:
            with pytest.raises(expected):
                admin.execute(statement, claim)


async def test_a_partly_credited_invoice_offers_the_rest(sandbox):
    invoice = sandbox.invoice([fee("a", "100.00")])
    await sandbox.credit(invoice, {"a": "40.00"})
    [offer] = await sandbox.offers(sandbox.tenant_id)
    assert (offer.left.minor, offer.total.minor) == (6360, 10600)
    fapiao = await sandbox.issued(invoice)
    assert fapiao.total.minor == 6360
    assert await sandbox.reds(fapiao) == ()


async def test_a_wholly_credited_invoice_offers_nothing(sandbox):
    invoice = sandbox.invoice([fee("a", "100.00")])
    await sandbox.credit(invoice, {"a": "100.00"})
    assert await sandbox.offers(sandbox.tenant_id) == []
    with pytest.raises(FapiaoNothingLeft):
        await sandbox.ask(invoice)


async def test_bills_of_two_sellers_are_not_merged(sandbox):
    ids = [sandbox.invoice([fee("a", "1.00")]), sandbox.invoice([fee("b", "1.00")], entity="other")]
    with pytest.raises(FapiaoNeedsOneSeller):
        await sandbox.ask(*ids)


async def test_an_invoice_without_tax_offers_its_obstacle(sandbox, admin):
    invoice = sandbox.invoice([fee("a", "1.00")])
    admin.execute(
        "UPDATE invoices SET body = convert_to(jsonb_set(convert_from(body, 'UTF8')::jsonb, "
        "'{taxes}', '[]')::text, 'UTF8')"
    )
    with pytest.raises(FapiaoNeedsTax):
        await sandbox.ask(invoice)
    [offer] = await sandbox.offers(sandbox.tenant_id)
    assert isinstance(offer.obstacle, FapiaoNeedsTax)


async def test_a_prepaid_card_gets_a_normal_fapiao_only(sandbox):
    invoice = sandbox.invoice([fee("a", "500.00", tax_category="prepaid_card")])
    with pytest.raises(FapiaoKindRefused):
        await sandbox.ask(invoice, kind=FapiaoKind.SPECIAL)
    fapiao = await sandbox.issued(invoice)
    assert (fapiao.content.lines[0].rate, fapiao.content.tax.minor) == ("untaxed", 0)


@pytest.mark.parametrize("count", [0, 101])
async def test_a_request_names_one_to_a_hundred_invoices(sandbox, count):
    with pytest.raises(FapiaoInvoicesInvalid):
        await sandbox.ask(*(InvoiceId(new_id()) for _ in range(count)))


async def test_an_invoice_is_named_once_and_exists(sandbox):
    invoice = sandbox.invoice([fee("a", "1.00")])
    with pytest.raises(FapiaoInvoicesInvalid):
        await sandbox.ask(invoice, invoice)
    with pytest.raises(InvoiceNotFound):
        await sandbox.ask(invoice, InvoiceId(new_id()))


async def test_without_a_title_nothing_is_asked_for(database, admin, clock):
    world = fapiao_world(database, admin, clock, organisation(admin, "nameless", sandbox=True))
    with pytest.raises(TitleMissing):
        await world.ask(world.invoice([fee("a", "1.00")]))


async def test_a_special_one_needs_the_whole_title(sandbox):
    await sandbox.title(bank="")
    invoice = sandbox.invoice([fee("a", "1.00")])
    with pytest.raises(TitleIncomplete):
        await sandbox.ask(invoice, kind=FapiaoKind.SPECIAL)
    await sandbox.title(TitleKind.PERSONAL)
    with pytest.raises(TitleIncomplete):
        await sandbox.ask(invoice, kind=FapiaoKind.SPECIAL)
    await sandbox.ask(invoice)


async def test_another_title_leaves_what_was_asked_for_alone(sandbox):
    asked = await sandbox.ask(sandbox.invoice([fee("a", "1.00")]))
    await sandbox.title(name="改名有限公司")
    await sandbox.run()
    assert (await sandbox.read(asked.id)).title.name == "上海贝拉餐饮有限公司"


@pytest.mark.parametrize("silent", ["submit", "find"])
async def test_a_lost_answer_issues_nothing_twice(sandbox, admin, silent):
    asked = await sandbox.ask(sandbox.invoice([fee("a", "1.00")]))
    sandbox.simulator.silent.add(silent)
    for _ in range(3):
        if silent == "submit":
            with pytest.raises(FapiaoPlatformUnavailable):
                await sandbox.advance(tenant_id=sandbox.tenant_id, fapiao_id=asked.id)
            break
        await sandbox.run()
    sandbox.simulator.silent.clear()
    await sandbox.run()
    assert (await sandbox.read(asked.id)).state is FapiaoState.ISSUED
    assert admin.execute("SELECT count(*) FROM simulated_fapiao").fetchone() == (1,)


async def test_a_crash_before_the_platform_was_reached_is_made_good(sandbox, admin):
    asked = await sandbox.ask(sandbox.invoice([fee("a", "1.00")]))
    admin.execute("UPDATE fapiao SET state = 'submitted'")  # marked, and never sent
    await sandbox.run()
    assert (await sandbox.read(asked.id)).state is FapiaoState.ISSUED


async def test_a_refusal_is_shown_and_may_be_tried_with_another_title(sandbox):
    await sandbox.title(name=f"{REFUSED_NAME}有限公司")
    failed = await sandbox.issued(sandbox.invoice([fee("a", "1.00")]))
    assert (failed.state, failed.retryable) == (FapiaoState.FAILED, False)
    assert "不一致" in failed.failure
    await sandbox.title()
    await sandbox.retry(tenant_id=sandbox.tenant_id, fapiao_id=failed.id, actor="usr")
    await sandbox.run()
    again = await sandbox.read(failed.id)
    assert (again.state, again.attempt) == (FapiaoState.ISSUED, 2)
    assert again.title.name == "上海贝拉餐饮有限公司"


async def test_a_busy_platform_is_tried_again_as_it_was(sandbox):
    await sandbox.title(name=f"{BUSY_NAME}有限公司")
    failed = await sandbox.issued(sandbox.invoice([fee("a", "1.00")]))
    assert (failed.state, failed.retryable) == (FapiaoState.FAILED, True)
    await sandbox.retry(tenant_id=sandbox.tenant_id, fapiao_id=failed.id, actor="usr")
    await sandbox.run()
    assert (await sandbox.read(failed.id)).state is FapiaoState.ISSUED


async def test_a_retry_is_over_what_is_left_by_then(sandbox):
    await sandbox.title(name=f"{BUSY_NAME}有限公司")
    invoice = sandbox.invoice([fee("a", "100.00")])
    failed = await sandbox.issued(invoice)
    await sandbox.credit(invoice, {"a": "40.00"})
    await sandbox.retry(tenant_id=sandbox.tenant_id, fapiao_id=failed.id, actor="usr")
    await sandbox.run()
    fapiao = await sandbox.read(failed.id)
    assert (fapiao.state, fapiao.total.minor) == (FapiaoState.ISSUED, 6360)
    assert await sandbox.reds(fapiao) == ()


async def test_giving_up_frees_the_invoices(sandbox):
    await sandbox.title(name=f"{REFUSED_NAME}有限公司")
    invoice = sandbox.invoice([fee("a", "1.00")])
    failed = await sandbox.issued(invoice)
    await sandbox.withdraw(tenant_id=sandbox.tenant_id, fapiao_id=failed.id, actor="usr")
    await sandbox.title()
    assert (await sandbox.issued(invoice)).state is FapiaoState.ISSUED


@pytest.mark.parametrize("deed", ["retry", "withdraw"])
async def test_what_has_not_failed_is_neither_retried_nor_given_up(sandbox, deed):
    fapiao = await sandbox.issued(sandbox.invoice([fee("a", "1.00")]))
    with pytest.raises(FapiaoStateRefused):
        await getattr(sandbox, deed)(tenant_id=sandbox.tenant_id, fapiao_id=fapiao.id, actor="usr")


async def test_every_step_is_on_record(sandbox, admin):
    await sandbox.issued(sandbox.invoice([fee("a", "1.00")]))
    rows = admin.execute("SELECT action FROM audit_entries ORDER BY id").fetchall()
    assert [row[0] for row in rows] == [
        "fapiao_title.changed",
        "fapiao.requested",
        "fapiao.issued",
    ]
