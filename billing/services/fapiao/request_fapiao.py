"""Ask for a fapiao (申请开票)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.fapiao.composing import compose
from billing.domain.fapiao.content import CNY, PREPAID_CODE, FapiaoContent
from billing.domain.fapiao.errors import (
    FapiaoAlreadyAsked,
    FapiaoInvoicesInvalid,
    FapiaoKindRefused,
    FapiaoNeedsCny,
    FapiaoNeedsOneSeller,
    FapiaoNeedsTax,
    FapiaoNothingLeft,
    TitleMissing,
)
from billing.domain.fapiao.records import Fapiao, Source
from billing.domain.fapiao.states import Colour, FapiaoState
from billing.domain.fapiao.title import FapiaoKind, Title
from billing.fapiao_bills import Document, IssuedBill, read_bills
from billing.fapiao_settling import hand_over, record_fapiao
from billing.providers.fapiao.choose import FapiaoProviders
from billing.repositories.fapiao import FapiaoRepository
from control_plane.kernel.ids import FapiaoId, TenantId, new_id
from control_plane.kernel.money import Money
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.clocks import TenantClock
from control_plane.tenancy.domain import Organisation
from control_plane.tenancy.repository import OrganisationRepository

MOST_INVOICES: Final = 100
"""How many bills may be merged into one fapiao."""


@dataclass(frozen=True, slots=True)
class RequestFapiao:
    """One fapiao over what is left of one invoice or top-up, or of several merged (合并开票)."""

    work: UnitOfWork
    tenant_clock: TenantClock
    providers: FapiaoProviders

    async def __call__(
        self,
        *,
        tenant_id: TenantId,
        invoice_ids: Sequence[Document],
        kind: FapiaoKind,
        actor: str,
    ) -> Fapiao:
        """Keep the request with everything that will be printed, and return it.

        It reaches the platform after the commit, from the outbox.

        Raises:
            FapiaoInvoicesInvalid: no invoice, too many, or one twice.
            InvoiceNotFound: the tenant has none of an id.
            TitleMissing: nobody has filled in the title.
            TitleIncomplete: a special fapiao needs more of it.
            FapiaoNeedsCny: an invoice is in another currency.
            FapiaoNeedsOneSeller: the invoices are of different legal entities.
            FapiaoNeedsTax: an invoice states no tax.
            FapiaoKindRefused: a special one over a prepaid card.
            FapiaoNothingLeft: all of an invoice was credited or is covered.
            FapiaoAlreadyAsked: a fapiao covers an invoice already.
        """
        wanted = list(dict.fromkeys(invoice_ids))
        if not 1 <= len(wanted) <= MOST_INVOICES or len(wanted) != len(invoice_ids):
            raise FapiaoInvoicesInvalid(
                count=len(invoice_ids), most=MOST_INVOICES, field="invoice_ids"
            )
        async with self.work(tenant_id) as session:
            bills = await read_bills(session, tenant_id, wanted, lock=True)
            title = await FapiaoRepository(session).title(tenant_id)
            if title is None:
                raise TitleMissing
            title.require(kind)
            content = content_of(bills, kind)
            organisation = await OrganisationRepository(session).get(tenant_id)
            now = await self.tenant_clock.now(session, tenant_id)
            fapiao = self._fapiao(organisation, title, kind, bills, content, actor, now)
            await _keep(session, fapiao)
            return fapiao

    def _fapiao(
        self,
        organisation: Organisation,
        title: Title,
        kind: FapiaoKind,
        bills: Sequence[IssuedBill],
        content: FapiaoContent,
        actor: str,
        now: datetime,
    ) -> Fapiao:
        seller = bills[0].seller
        return Fapiao(
            tenant_id=organisation.id,
            id=FapiaoId(new_id()),
            colour=Colour.BLUE,
            kind=kind,
            entity=bills[0].entity,
            provider=self.providers.of(sandbox=organisation.sandbox).name,
            state=FapiaoState.REQUESTED,
            attempt=1,
            seller_name=str(seller["name"]),
            seller_tax_id=str(seller.get("tax_id") or ""),
            title=title,
            content=content,
            red=Money.zero(CNY),
            blue_id=None,
            note_number=None,
            sheet=None,
            number=None,
            issued_at=None,
            failure=None,
            retryable=False,
            requested_by=actor,
            requested_at=now,
            sources=sources_of(bills),
        )


async def _keep(session: AsyncSession, fapiao: Fapiao) -> None:
    repository = FapiaoRepository(session)
    covered = await repository.covered(fapiao.tenant_id, [s.number for s in fapiao.sources])
    taken = [source.number for source in fapiao.sources if source.number in covered]
    if taken or not await repository.add(fapiao):
        raise FapiaoAlreadyAsked(number=(taken or [fapiao.sources[0].number])[0])
    await hand_over(session, fapiao)
    await record_fapiao(session, fapiao, fapiao.requested_by, "requested")


def sources_of(bills: Sequence[IssuedBill]) -> tuple[Source, ...]:
    """Return the bills as a fapiao remembers them."""
    return tuple(Source(bill.document, bill.topup, bill.number, bill.notes) for bill in bills)


def content_of(bills: Sequence[IssuedBill], kind: FapiaoKind) -> FapiaoContent:
    """Return the lines over what is left of the bills, or say which of them stands in the way."""
    if len({(bill.entity, bill.seller["name"]) for bill in bills}) > 1:
        numbers = ", ".join(bill.number for bill in bills)
        raise FapiaoNeedsOneSeller(numbers=numbers, field="invoice_ids")
    for bill in bills:
        _require_invoiceable(bill, kind)
    return compose([bill.bill for bill in bills], bills[0].classes)


def _require_invoiceable(bill: IssuedBill, kind: FapiaoKind) -> None:
    said = bill.bill.body["currency"]
    if said != "CNY":
        raise FapiaoNeedsCny(number=bill.number, currency=said, field="invoice_ids")
    if not bill.bill.taxed:
        raise FapiaoNeedsTax(number=bill.number, field="invoice_ids")
    content = compose([bill.bill])
    if content.total.minor <= 0 or bill.state == "voided":
        raise FapiaoNothingLeft(number=bill.number, field="invoice_ids")
    card = any(line.code == PREPAID_CODE for line in content.lines)
    if card and kind is FapiaoKind.SPECIAL:
        raise FapiaoKindRefused(number=bill.number, field="kind")
