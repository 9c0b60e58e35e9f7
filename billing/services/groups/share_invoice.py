"""Show a child's invoice to its parent, and leave its payment to whoever pays."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from billing.domain.groups.records import (
    Membership,
    MembershipState,
    SharedInvoice,
    SharedNote,
)
from billing.domain.records import InvoiceSummary, NoteSummary, StoredInvoice
from billing.repositories.consolidated import ConsolidatedRepository
from billing.repositories.group_payments import GroupPaymentRepository
from billing.repositories.groups import GroupRepository
from billing.repositories.invoices import InvoiceRepository
from billing.repositories.notes import NoteRepository
from control_plane.kernel.ids import InvoiceId, OutboxId, TenantId
from control_plane.runtime.outbox import Handler
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.clocks import TenantClock

_CONSENTED = frozenset({MembershipState.ACTIVE, MembershipState.ENDED})
"""Only what such a membership showed can have been copied."""


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

        A copy that a parent has follows what is open, and shows the credit notes, even after the
        child has left.

        Raises:
            InvoiceNotFound: the tenant has none of that id.
        """
        async with self.work(tenant_id) as session:
            found = await GroupRepository(session).memberships(tenant_id)
            mine = [m for m in found if m.child_id == tenant_id]
            if not mine:
                return None
            stored = await InvoiceRepository(session).get(invoice_id)
            notes = await NoteRepository(session).of_invoice(tenant_id, invoice_id)
            now = await self.tenant_clock.now(session, tenant_id)
        active = next((m for m in mine if m.state is MembershipState.ACTIVE), None)
        # What was issued before is not what the child agreed to show.
        if active is not None and stored.summary.issued_at >= active.requested_at:
            await self._share(active, stored, now)
        else:
            active = None
        for parent_id in {m.parent_id for m in mine if m.state in _CONSENTED}:
            await self._follow(parent_id, stored.summary, notes, now)
        return active

    async def _share(self, membership: Membership, stored: StoredInvoice, now: datetime) -> None:
        summary = stored.summary
        shared = SharedInvoice(
            parent_id=membership.parent_id,
            invoice_id=summary.id,
            child_id=membership.child_id,
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

    async def _follow(
        self,
        parent_id: TenantId,
        invoice: InvoiceSummary,
        notes: Sequence[NoteSummary],
        now: datetime,
    ) -> None:
        async with self.work(parent_id) as session:
            repository = ConsolidatedRepository(session)
            if not await repository.follow(parent_id, invoice.id, invoice.open):
                return
            payments = GroupPaymentRepository(session)
            for note in notes:
                shown = SharedNote(
                    note.id, invoice.id, note.number, note.dated, note.total, note.lowered
                )
                await payments.share_note(parent_id, shown, now)


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
