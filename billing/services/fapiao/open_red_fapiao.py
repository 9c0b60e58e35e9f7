"""Answer whatever takes back what a blue fapiao covers."""

from dataclasses import dataclass
from uuid import UUID

from billing.fapiao_bills import Document
from billing.fapiao_settling import open_missing_reds
from billing.repositories.fapiao import FapiaoRepository
from control_plane.kernel.ids import InvoiceId, OutboxId, TenantId, TopupId
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.clocks import TenantClock


@dataclass(frozen=True, slots=True)
class OpenRedFapiao:
    """The outbox's handler of credit notes, voided invoices and refunded top-ups.

    Each has one red fapiao, however often it is told.
    """

    work: UnitOfWork
    tenant_clock: TenantClock

    async def __call__(
        self, tenant_id: TenantId, payload: dict[str, object], delivery_id: OutboxId
    ) -> None:
        """Ask for the red fapiao that the document's blue one lacks; nothing without a blue one."""
        del delivery_id
        async with self.work(tenant_id) as session:
            repository = FapiaoRepository(session)
            fapiao_id = await repository.blue_over(tenant_id, _document(payload))
            if fapiao_id is None:
                return
            blue = await repository.get(tenant_id, fapiao_id, lock=True)
            now = await self.tenant_clock.now(session, tenant_id)
            await open_missing_reds(session, blue, now=now)


def _document(payload: dict[str, object]) -> Document:
    if "topup_id" in payload:
        return TopupId(UUID(str(payload["topup_id"])))
    return InvoiceId(UUID(str(payload["invoice_id"])))
