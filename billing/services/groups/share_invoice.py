"""Show a child's invoice to its parent, and leave its payment to whoever pays."""

from dataclasses import dataclass
from uuid import UUID

from billing.domain.groups.records import Membership, SharedInvoice
from billing.repositories.consolidated import ConsolidatedRepository
from billing.repositories.groups import GroupRepository
from billing.repositories.invoices import InvoiceRepository
from control_plane.kernel.ids import InvoiceId, OutboxId, TenantId
from control_plane.runtime.outbox import Handler
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.clocks import TenantClock


@dataclass(frozen=True, slots=True)
class ShareInvoice:
    """Copy an invoice to the parent that its organisation has agreed to show it to.

    Two transactions, one in each tenant: nobody ever reads another tenant's rows. It may be
    repeated: the copy then follows what is open.
    """

    work: UnitOfWork
    tenant_clock: TenantClock

    async def __call__(self, tenant_id: TenantId, invoice_id: InvoiceId) -> Membership | None:
        """Share the invoice and return the membership; None without a parent.

        Raises:
            InvoiceNotFound: the tenant has none of that id.
        """
        async with self.work(tenant_id) as session:
            membership = await GroupRepository(session).parent_of(tenant_id)
            if membership is None:
                return None
            stored = await InvoiceRepository(session).get(invoice_id)
            now = await self.tenant_clock.now(session, tenant_id)
        summary = stored.summary
        if summary.issued_at < membership.requested_at:
            return None  # what was issued before is not what the child agreed to show
        shared = SharedInvoice(
            parent_id=membership.parent_id,
            invoice_id=invoice_id,
            child_id=tenant_id,
            child_name=membership.child_name,
            number=summary.number,
            entity=summary.entity,
            dated=summary.dated,
            payable_by=summary.payable_by,
            total=summary.total,
            open=summary.open,
            parent_pays=membership.parent_pays,
            body=stored.body,
            shared_at=now,
        )
        async with self.work(membership.parent_id) as session:
            await ConsolidatedRepository(session).share(shared)
        return membership


@dataclass(frozen=True, slots=True)
class ShareOrCollect:
    """The outbox's handler of ``invoice.issued``: what a parent pays is not collected here."""

    share: ShareInvoice
    collect: Handler

    async def __call__(
        self, tenant_id: TenantId, payload: dict[str, object], delivery_id: OutboxId
    ) -> None:
        """Share the invoice; collect it from its own organisation unless the parent pays."""
        membership = await self.share(tenant_id, InvoiceId(UUID(str(payload["invoice_id"]))))
        if membership is None or not membership.parent_pays:
            await self.collect(tenant_id, payload, delivery_id)


@dataclass(frozen=True, slots=True)
class ShareAfter:
    """Brings the parent's copy up to date after another handler of the same message."""

    first: Handler
    share: ShareInvoice

    async def __call__(
        self, tenant_id: TenantId, payload: dict[str, object], delivery_id: OutboxId
    ) -> None:
        """Deliver to the other, then share the invoice that the message names."""
        await self.first(tenant_id, payload, delivery_id)
        await self.share(tenant_id, InvoiceId(UUID(str(payload["invoice_id"]))))
