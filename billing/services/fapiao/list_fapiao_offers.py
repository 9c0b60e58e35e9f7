"""What a tenant can still ask a fapiao for."""

from dataclasses import dataclass
from datetime import date

from billing.domain.fapiao.content import CNY
from billing.domain.fapiao.errors import FapiaoNothingLeft
from billing.domain.fapiao.title import FapiaoKind
from billing.fapiao_bills import Document, IssuedBill, paid_topups, read_bills
from billing.repositories.fapiao import FapiaoRepository
from billing.repositories.invoices import InvoiceFilter, InvoiceRepository
from billing.services.fapiao.request_fapiao import content_of
from control_plane.kernel.errors import TallyardError
from control_plane.kernel.ids import TenantId
from control_plane.kernel.money import Money
from control_plane.runtime.unit_of_work import UnitOfWork

LATEST = 200


@dataclass(frozen=True, slots=True)
class FapiaoOffer:
    """An invoice, or a paid top-up, with what is left of it for a fapiao, tax included.

    ``obstacle`` says why none can be made; its amount is then nothing.
    """

    document: Document
    topup: bool
    number: str
    dated: date
    total: Money
    left: Money
    obstacle: TallyardError | None = None


@dataclass(frozen=True, slots=True)
class ListFapiaoOffers:
    """The latest invoices in CNY, and top-ups invoiced when paid in, that no fapiao covers."""

    work: UnitOfWork

    async def __call__(self, tenant_id: TenantId) -> list[FapiaoOffer]:
        """Return them, top-ups first, then the latest; those with nothing left are passed over."""
        async with self.work(tenant_id) as session:
            listed = await InvoiceRepository(session).list(
                InvoiceFilter(tenant_id=tenant_id, currency="CNY", limit=LATEST)
            )
            ids: list[Document] = [*await paid_topups(session, tenant_id)]
            bills = await read_bills(session, tenant_id, [*ids, *(i.id for i in listed)])
            numbers = [bill.number for bill in bills]
            covered = await FapiaoRepository(session).covered(tenant_id, numbers)
        offers = (_offer(bill) for bill in bills if bill.number not in covered)
        return [offer for offer in offers if not isinstance(offer.obstacle, FapiaoNothingLeft)]


def _offer(bill: IssuedBill) -> FapiaoOffer:
    left, obstacle = Money.zero(CNY), None
    try:
        left = content_of([bill], FapiaoKind.NORMAL).total
    except TallyardError as refused:
        obstacle = refused
    body = bill.bill.body
    return FapiaoOffer(
        document=bill.document,
        topup=bill.topup,
        number=bill.number,
        dated=date.fromisoformat(body["date"]),
        total=Money(body["total_minor"], CNY),
        left=left,
        obstacle=obstacle,
    )
