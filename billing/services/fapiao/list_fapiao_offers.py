"""What a tenant can still ask a fapiao for."""

from dataclasses import dataclass
from datetime import date

from billing.domain.fapiao.errors import FapiaoNothingLeft
from billing.domain.fapiao.title import FapiaoKind
from billing.fapiao_bills import IssuedBill, read_bills
from billing.repositories.fapiao import FapiaoRepository
from billing.repositories.invoices import InvoiceFilter, InvoiceRepository
from billing.services.fapiao.request_fapiao import content_of
from control_plane.kernel.errors import TallyardError
from control_plane.kernel.ids import InvoiceId, TenantId
from control_plane.kernel.money import Money
from control_plane.runtime.unit_of_work import UnitOfWork

LATEST = 200


@dataclass(frozen=True, slots=True)
class FapiaoOffer:
    """An invoice with what is left of it for a fapiao, tax included.

    ``obstacle`` says why none can be made; its amount is then nothing.
    """

    invoice_id: InvoiceId
    number: str
    dated: date
    entity: str
    total: Money
    left: Money
    obstacle: TallyardError | None = None


@dataclass(frozen=True, slots=True)
class ListFapiaoOffers:
    """The latest invoices in CNY that no fapiao covers."""

    work: UnitOfWork

    async def __call__(self, tenant_id: TenantId) -> list[FapiaoOffer]:
        """Return them, the latest first; those with nothing left are passed over."""
        async with self.work(tenant_id) as session:
            listed = await InvoiceRepository(session).list(
                InvoiceFilter(tenant_id=tenant_id, currency="CNY", limit=LATEST)
            )
            covered = await FapiaoRepository(session).covered(tenant_id, [i.id for i in listed])
            open_ones = [i for i in listed if i.id not in covered and i.total.minor]
            bills = await read_bills(session, tenant_id, [i.id for i in open_ones])
        offers = []
        for summary, bill in zip(open_ones, bills, strict=True):
            left, obstacle = _left(bill, summary.total)
            if not isinstance(obstacle, FapiaoNothingLeft):
                offers.append(
                    FapiaoOffer(
                        summary.id,
                        summary.number,
                        summary.dated,
                        bill.entity,
                        summary.total,
                        left,
                        obstacle,
                    )
                )
        return offers


def _left(bill: IssuedBill, total: Money) -> tuple[Money, TallyardError | None]:
    try:
        return content_of([bill], FapiaoKind.NORMAL).total, None
    except TallyardError as obstacle:
        return Money.zero(total.currency), obstacle
