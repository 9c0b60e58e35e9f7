"""What every provider that issues fapiao by itself must do."""

from dataclasses import dataclass, replace

import pytest

from billing.domain.fapiao.composing import compose
from billing.domain.fapiao.content import FapiaoContent
from billing.domain.fapiao.errors import FapiaoFileUnavailable, FapiaoPlatformUnavailable
from billing.domain.fapiao.title import FapiaoKind, TitleKind, title_of
from billing.fapiao_port import BlueRequest, FileForm, PlatformState, RedRequest, Seller
from billing.providers.fapiao.platform import REFUSED_NAME
from billing.providers.fapiao.simulator import DatabaseCabinet, FapiaoSimulator, MemoryCabinet
from control_plane.kernel.clock import FakeClock
from control_plane.kernel.ids import TenantId
from control_plane.tenancy.clocks import TenantClock
from tests.support.fapiao_world import TITLE, bill_of, cny, fee

CONTENT = compose([bill_of(cny([fee("a", "100.00")]))])
BUYER = title_of(TitleKind.COMPANY, TITLE)
SELLER = Seller("Tallyard", "91110108551385082Q")


@dataclass
class Subject:
    provider: FapiaoSimulator
    tenant_id: TenantId
    clock: FakeClock

    def blue(self, request_id: str = "fap_1-1", kind: FapiaoKind = FapiaoKind.NORMAL, **more):
        buyer = replace(BUYER, **more)
        return BlueRequest(self.tenant_id, request_id, kind, SELLER, buyer, CONTENT)

    async def issued(self, kind: FapiaoKind = FapiaoKind.NORMAL) -> str:
        await self.provider.submit(self.blue(kind=kind))
        standing = await self.provider.find(self.tenant_id, "fap_1-1")
        assert standing.state is PlatformState.ISSUED
        return standing.number

    def red(self, number: str, request_id: str = "fap_2-1", kind=FapiaoKind.NORMAL, share=1):
        lines = tuple(
            replace(x, net_minor=-x.net_minor // share, tax_minor=-x.tax_minor // share)
            for x in CONTENT.lines
        )
        content = FapiaoContent(lines)
        return RedRequest(self.tenant_id, request_id, number, kind, SELLER, BUYER, content)


@pytest.fixture(params=["memory", "simulator"])
def subject(request, clock, tenant_id, work) -> Subject:
    if request.param == "memory":
        return Subject(FapiaoSimulator(MemoryCabinet(clock)), tenant_id, clock)
    cabinet = DatabaseCabinet(work, TenantClock(clock))
    return Subject(FapiaoSimulator(cabinet), tenant_id, clock)


async def test_what_never_arrived_is_not_found(subject):
    assert await subject.provider.find(subject.tenant_id, "fap_9-1") is None


async def test_a_request_is_answered_later_with_a_number_of_twenty_digits(subject):
    assert (await subject.provider.submit(subject.blue())).state is PlatformState.PENDING
    standing = await subject.provider.find(subject.tenant_id, "fap_1-1")
    assert standing.state is PlatformState.ISSUED
    assert standing.number.isdigit()
    assert len(standing.number) == 20
    assert standing.issued_at == subject.clock.now()


async def test_the_same_request_id_issues_once(subject):
    number = await subject.issued()
    again = await subject.provider.submit(subject.blue())
    assert (again.state, again.number) == (PlatformState.ISSUED, number)


async def test_requests_have_numbers_of_their_own(subject):
    number = await subject.issued()
    await subject.provider.submit(subject.blue("fap_3-1"))
    assert (await subject.provider.find(subject.tenant_id, "fap_3-1")).number != number


@pytest.mark.parametrize("operation", ["submit", "find"])
async def test_an_answer_that_is_lost_has_acted(subject, operation):
    subject.provider.silent.add(operation)
    with pytest.raises(FapiaoPlatformUnavailable):
        await subject.provider.submit(subject.blue())
        await subject.provider.find(subject.tenant_id, "fap_1-1")
    subject.provider.silent.clear()
    assert await subject.provider.find(subject.tenant_id, "fap_1-1") is not None


async def test_a_refusal_says_why_and_stays(subject):
    await subject.provider.submit(subject.blue(name=REFUSED_NAME))
    for _ in range(2):
        standing = await subject.provider.find(subject.tenant_id, "fap_1-1")
        assert standing.state is PlatformState.FAILED
        assert standing.failure
        assert standing.number is None


async def test_a_red_one_without_the_buyers_say_is_confirmed_at_once_and_issued_once(subject):
    number = await subject.issued()
    opened = await subject.provider.request_red(subject.red(number))
    assert (opened.state, bool(opened.sheet)) == (PlatformState.CONFIRMED, True)
    first = await subject.provider.issue_red(subject.tenant_id, "fap_2-1")
    again = await subject.provider.issue_red(subject.tenant_id, "fap_2-1")
    assert first.state is PlatformState.ISSUED
    assert first == again
    assert first.number != number


async def test_a_sheet_that_waits_for_the_buyer_issues_nothing(subject):
    number = await subject.issued(FapiaoKind.SPECIAL)
    red = subject.red(number, kind=FapiaoKind.SPECIAL)
    opened = await subject.provider.request_red(red)
    assert opened.state is PlatformState.AWAITING_BUYER
    waiting = await subject.provider.issue_red(subject.tenant_id, "fap_2-1")
    assert (waiting.state, waiting.number) == (PlatformState.AWAITING_BUYER, None)


@pytest.mark.parametrize(
    ("accept", "state"), [(True, PlatformState.CONFIRMED), (False, PlatformState.REFUSED)]
)
async def test_the_buyers_decision_shows_at_the_next_look(subject, accept, state):
    number = await subject.issued(FapiaoKind.SPECIAL)
    await subject.provider.request_red(subject.red(number, kind=FapiaoKind.SPECIAL))
    assert await subject.provider.play_buyer(subject.tenant_id, "fap_2-1", accept=accept)
    assert (await subject.provider.find(subject.tenant_id, "fap_2-1")).state is state


async def test_a_red_one_needs_a_blue_one(subject):
    refused = await subject.provider.request_red(subject.red("0" * 20))
    assert (refused.state, bool(refused.failure)) == (PlatformState.FAILED, True)


async def test_red_ones_do_not_exceed_the_blue_one(subject):
    number = await subject.issued()
    half = await subject.provider.request_red(subject.red(number, "fap_2-1", share=2))
    whole = await subject.provider.request_red(subject.red(number, "fap_3-1"))
    assert (half.state, whole.state) == (PlatformState.CONFIRMED, PlatformState.FAILED)


async def test_files_are_there_once_issued(subject):
    await subject.provider.submit(subject.blue())
    with pytest.raises(FapiaoFileUnavailable):
        await subject.provider.download(subject.tenant_id, "fap_1-1", FileForm.XML)
    standing = await subject.provider.find(subject.tenant_id, "fap_1-1")
    xml = await subject.provider.download(subject.tenant_id, "fap_1-1", FileForm.XML)
    pdf = await subject.provider.download(subject.tenant_id, "fap_1-1", FileForm.PDF)
    assert standing.number in xml.content.decode()
    assert "壹佰零陆圆整" in xml.content.decode()
    assert pdf.content.startswith(b"%PDF")
