"""Red fapiao: one for each credit note, tied to one blue one, never beyond it."""

import psycopg
import pytest

from billing.domain.fapiao.errors import FapiaoStateRefused
from billing.domain.fapiao.states import Colour, FapiaoState
from billing.domain.fapiao.title import FapiaoKind
from billing.fapiao_settling import open_missing_reds
from billing.repositories.fapiao import FapiaoRepository
from tests.support.fapiao_world import fee


async def test_a_credit_note_becomes_a_red_fapiao_by_itself(sandbox):
    invoice = sandbox.invoice([fee("a", "100.00")])
    blue = await sandbox.issued(invoice)
    number = await sandbox.credit(invoice, {"a": "40.00"})
    await sandbox.run()
    [red] = await sandbox.reds(blue)
    assert (red.colour, red.state, red.note_number) == (Colour.RED, FapiaoState.ISSUED, number)
    assert red.total.minor == -4240
    assert red.capitals == "（负数）肆拾贰圆肆角整"
    assert (await sandbox.read(blue.id)).red.minor == 4240


async def test_a_credit_note_is_answered_once_however_often_it_is_told(sandbox):
    invoice = sandbox.invoice([fee("a", "100.00")])
    blue = await sandbox.issued(invoice)
    await sandbox.credit(invoice, {"a": "40.00"})
    await sandbox.open_red(sandbox.tenant_id, {"invoice_id": str(invoice)}, None)
    await sandbox.run()
    assert len(await sandbox.reds(blue)) == 1


async def test_a_credit_note_while_the_blue_one_is_under_way_waits_for_it(sandbox):
    invoice = sandbox.invoice([fee("a", "100.00")])
    blue = await sandbox.ask(invoice)
    await sandbox.credit(invoice, {"a": "40.00"})
    assert await sandbox.reds(blue) == ()
    await sandbox.run()
    [red] = await sandbox.reds(blue)
    assert (red.state, red.total.minor) == (FapiaoState.ISSUED, -4240)


async def test_a_credit_note_without_a_fapiao_makes_none(sandbox, admin):
    await sandbox.credit(sandbox.invoice([fee("a", "100.00")]), {"a": "40.00"})
    assert admin.execute("SELECT count(*) FROM fapiao").fetchone() == (0,)


async def test_the_buyer_of_a_special_one_confirms_first(sandbox):
    invoice = sandbox.invoice([fee("a", "100.00")])
    blue = await sandbox.issued(invoice, kind=FapiaoKind.SPECIAL)
    await sandbox.credit(invoice, {"a": "40.00"})
    await sandbox.run()
    [red] = await sandbox.reds(blue)
    assert red.state is FapiaoState.AWAITING_BUYER
    assert red.sheet
    await sandbox.play_buyer(
        tenant_id=sandbox.tenant_id, fapiao_id=red.id, accept=True, actor="usr"
    )
    await sandbox.run()
    assert (await sandbox.read(red.id)).state is FapiaoState.ISSUED


async def test_a_voided_invoice_takes_its_whole_fapiao_back_by_itself(sandbox, admin):
    invoice, other = sandbox.invoice([fee("a", "100.00")]), sandbox.invoice([fee("b", "10.00")])
    blue = await sandbox.issued(invoice, other)
    admin.execute(
        "UPDATE invoices SET state = 'voided', ended_at = now(), end_reason = 'x' WHERE id = %s",
        [invoice],
    )
    for _ in range(2):
        await sandbox.open_red(sandbox.tenant_id, {"invoice_id": str(invoice)}, None)
    await sandbox.run()
    [red] = await sandbox.reds(blue)
    assert (red.state, red.total.minor) == (FapiaoState.ISSUED, -10600)
    assert (red.content.net.minor, red.content.tax.minor) == (-10000, -600)


async def test_a_refused_sheet_stops_until_a_person_decides(sandbox):
    invoice = sandbox.invoice([fee("a", "100.00")])
    blue = await sandbox.issued(invoice, kind=FapiaoKind.SPECIAL)
    await sandbox.credit(invoice, {"a": "40.00"})
    await sandbox.run()
    [red] = await sandbox.reds(blue)
    await sandbox.play_buyer(
        tenant_id=sandbox.tenant_id, fapiao_id=red.id, accept=False, actor="usr"
    )
    await sandbox.run()
    refused = await sandbox.read(red.id)
    assert (refused.state, (await sandbox.read(blue.id)).red.minor) == (FapiaoState.REFUSED, 4240)
    await sandbox.withdraw(tenant_id=sandbox.tenant_id, fapiao_id=red.id, actor="usr")
    assert (await sandbox.read(blue.id)).red.minor == 0


async def test_a_sheet_lapses_after_three_days(sandbox):
    invoice = sandbox.invoice([fee("a", "100.00")])
    blue = await sandbox.issued(invoice, kind=FapiaoKind.SPECIAL)
    await sandbox.credit(invoice, {"a": "40.00"})
    await sandbox.run()
    sandbox.clock.advance(days=4)
    await sandbox.run()
    [red] = await sandbox.reds(blue)
    assert red.state is FapiaoState.REFUSED
    await sandbox.retry(tenant_id=sandbox.tenant_id, fapiao_id=red.id, actor="usr")
    await sandbox.run()
    assert (await sandbox.read(red.id)).state is FapiaoState.AWAITING_BUYER


async def test_a_lost_answer_opens_one_sheet_and_issues_one_red(sandbox, admin):
    invoice = sandbox.invoice([fee("a", "100.00")])
    blue = await sandbox.issued(invoice)
    sandbox.simulator.silent.update({"request_red", "issue_red"})
    await sandbox.credit(invoice, {"a": "40.00"})
    await sandbox.run()
    sandbox.simulator.silent.clear()
    await sandbox.run()
    [red] = await sandbox.reds(blue)
    assert red.state is FapiaoState.ISSUED
    assert admin.execute("SELECT count(*) FROM simulated_fapiao").fetchone() == (2,)


async def test_reversing_the_whole_frees_the_invoices(sandbox):
    invoice = sandbox.invoice([fee("a", "100.00"), fee("b", "33.33")])
    blue = await sandbox.issued(invoice)
    await sandbox.credit(invoice, {"b": "11.11"})
    await sandbox.run()
    await sandbox.reverse(tenant_id=sandbox.tenant_id, fapiao_id=blue.id, actor="fin")
    assert await sandbox.offers(sandbox.tenant_id) == []
    await sandbox.run()
    [offer] = await sandbox.offers(sandbox.tenant_id)
    rest = blue.total.minor - (await sandbox.reds(blue))[0].total.minor * -1
    assert offer.left.minor == rest
    again = await sandbox.issued(invoice)
    assert (again.state, again.total.minor) == (FapiaoState.ISSUED, rest)


async def test_a_fapiao_is_reversed_once(sandbox):
    blue = await sandbox.issued(sandbox.invoice([fee("a", "100.00")]))
    await sandbox.reverse(tenant_id=sandbox.tenant_id, fapiao_id=blue.id, actor="fin")
    with pytest.raises(FapiaoStateRefused):
        await sandbox.reverse(tenant_id=sandbox.tenant_id, fapiao_id=blue.id, actor="fin")


async def test_of_a_merged_fapiao_each_invoice_is_credited_apart(sandbox):
    ids = [sandbox.invoice([fee(key, "100.00")]) for key in "ab"]
    blue = await sandbox.issued(*ids)
    await sandbox.credit(ids[0], {"a": "100.00"})
    await sandbox.credit(ids[1], {"b": "1.00"})
    await sandbox.run()
    reds = await sandbox.reds(blue)
    assert [red.total.minor for red in reds] == [-10600, -106]
    assert {red.content.lines[0].source for red in reds} == {s.number for s in blue.sources}


async def test_the_database_itself_refuses_to_take_back_more_than_was_issued(sandbox, admin):
    blue = await sandbox.issued(sandbox.invoice([fee("a", "100.00")]))
    with pytest.raises(psycopg.errors.CheckViolation):
        admin.execute("UPDATE fapiao SET red_minor = total_minor + 1 WHERE id = %s", [blue.id])


async def test_asking_again_for_missing_reds_finds_none(sandbox, clock):
    invoice = sandbox.invoice([fee("a", "100.00")])
    blue = await sandbox.issued(invoice)
    await sandbox.credit(invoice, {"a": "1.00"})
    async with sandbox.work(sandbox.tenant_id) as session:
        locked = await FapiaoRepository(session).get(sandbox.tenant_id, blue.id, lock=True)
        assert await open_missing_reds(session, locked, now=clock.now()) == []
