"""A live organisation's fapiao are issued by a person, who records the numbers here."""

import pytest

from billing.domain.fapiao.errors import (
    FapiaoNumberInvalid,
    FapiaoNumberUsed,
    FapiaoStateRefused,
    OnlyInSandbox,
)
from billing.domain.fapiao.states import FapiaoState
from billing.providers.fapiao.choose import FapiaoProviders
from billing.providers.fapiao.manual import ManualFapiaoProvider
from tests.support.fapiao_world import fee

NUMBER = "26312000000123456789"


async def test_it_waits_in_the_queue_until_its_number_is_recorded(live):
    waiting = await live.issued(live.invoice([fee("a", "100.00")]))
    assert (waiting.state, waiting.provider) == (FapiaoState.SUBMITTED, "manual")
    issued = await live.record.issued(
        tenant_id=live.tenant_id,
        fapiao_id=waiting.id,
        number=f" {NUMBER[:4]} {NUMBER[4:]}",
        actor="f",
    )
    assert (issued.state, issued.number) == (FapiaoState.ISSUED, NUMBER)


async def test_a_number_stands_on_one_fapiao(live):
    first = await live.issued(live.invoice([fee("a", "1.00")]))
    second = await live.issued(live.invoice([fee("b", "1.00")]))
    what = {"tenant_id": live.tenant_id, "number": NUMBER, "actor": "f"}
    await live.record.issued(fapiao_id=first.id, **what)
    with pytest.raises(FapiaoNumberUsed):
        await live.record.issued(fapiao_id=second.id, **what)
    assert (await live.read(second.id)).state is FapiaoState.SUBMITTED


@pytest.mark.parametrize("number", ["", "123", NUMBER + "0", "2631200000012345678X"])
async def test_a_number_has_twenty_digits(live, number):
    waiting = await live.issued(live.invoice([fee("a", "1.00")]))
    with pytest.raises(FapiaoNumberInvalid):
        await live.record.issued(
            tenant_id=live.tenant_id, fapiao_id=waiting.id, number=number, actor="f"
        )


async def test_a_refusal_is_recorded_with_its_reason(live):
    waiting = await live.issued(live.invoice([fee("a", "1.00")]))
    what = {"tenant_id": live.tenant_id, "fapiao_id": waiting.id, "actor": "f"}
    failed = await live.record.refused(reason="抬头有误", **what)
    assert (failed.state, failed.failure) == (FapiaoState.FAILED, "抬头有误")
    with pytest.raises(FapiaoStateRefused):
        await live.record.issued(number=NUMBER, **what)


async def test_what_the_platform_issues_by_itself_is_not_recorded_by_hand(sandbox):
    asked = await sandbox.ask(sandbox.invoice([fee("a", "1.00")]))
    await sandbox.relay.run_once()
    with pytest.raises(FapiaoStateRefused):
        await sandbox.record.issued(
            tenant_id=sandbox.tenant_id, fapiao_id=asked.id, number=NUMBER, actor="f"
        )


async def test_nobody_plays_a_real_buyer(live):
    waiting = await live.issued(live.invoice([fee("a", "1.00")]))
    with pytest.raises(OnlyInSandbox):
        await live.play_buyer(
            tenant_id=live.tenant_id, fapiao_id=waiting.id, accept=True, actor="usr"
        )


def test_no_sandbox_gets_a_real_provider():
    with pytest.raises(ValueError, match="sandboxes"):
        FapiaoProviders(live=ManualFapiaoProvider(), sandbox=ManualFapiaoProvider())
