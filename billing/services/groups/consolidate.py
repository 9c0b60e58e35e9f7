"""One document over children's invoices, and one payment that settles them all."""

from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.groups.consolidating import (
    Batch,
    batches,
    consolidated_body,
    consolidated_number,
)
from billing.domain.groups.errors import ConsolidatedAlreadyPaid, ConsolidatedAmountMismatch
from billing.domain.groups.records import ConsolidatedInvoice, SharedInvoice
from billing.errors import InvoiceAlreadyPaid, PaymentAmountMismatch
from billing.errors_documents import InvoiceEnded
from billing.repositories.consolidated import ConsolidatedRepository, waiting_parents
from billing.repositories.groups import GroupRepository
from billing.services.record_payment import RecordPayment
from control_plane.audit.record import record
from control_plane.kernel.canonical import canonical_json, sha256_hex
from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import (
    ConsolidatedInvoiceId,
    OutboxId,
    TenantId,
    format_id,
    new_id,
)
from control_plane.kernel.instants import local_date
from control_plane.kernel.money import Money
from control_plane.runtime.outbox import enqueue
from control_plane.runtime.topics import CONSOLIDATED_PAID
from control_plane.runtime.unit_of_work import SystemWork, UnitOfWork
from control_plane.tenancy.clocks import TenantClock
from control_plane.tenancy.domain import Organisation
from control_plane.tenancy.repository import OrganisationRepository

ACTOR = "groups"
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Consolidate:
    """Issue what the parent's children shared and what it pays, date by date or month by month."""

    work: UnitOfWork
    tenant_clock: TenantClock

    async def __call__(self, tenant_id: TenantId) -> list[ConsolidatedInvoice]:
        """Issue one consolidated invoice for each seller, currency and span that is over."""
        async with self.work(tenant_id) as session:
            parent = await OrganisationRepository(session).get(tenant_id)
            now = await self.tenant_clock.now(session, tenant_id)
            today = local_date(now, parent.zone)
            waiting = await ConsolidatedRepository(session).shared(tenant_id, waiting=True)
            cadence = await GroupRepository(session).cadence(tenant_id)
            found = batches(waiting, cadence, today)
            return [await self._issue(session, parent, batch) for batch in found]

    async def _issue(
        self, session: AsyncSession, parent: Organisation, batch: Batch
    ) -> ConsolidatedInvoice:
        repository = ConsolidatedRepository(session)
        now = await self.tenant_clock.now(session, parent.id)
        dated = local_date(now, parent.zone)
        prefix = await repository.prefix(batch.entity)
        place = await repository.draw_place(batch.entity, dated.year)
        number = consolidated_number(prefix, dated.year, place)
        body = canonical_json(consolidated_body(number, parent.id, parent.name, dated, batch))
        made = ConsolidatedInvoice(
            tenant_id=parent.id,
            id=ConsolidatedInvoiceId(new_id()),
            number=number,
            entity=batch.entity,
            first_day=batch.first_day,
            last_day=batch.last_day,
            dated=dated,
            payable_by=batch.payable_by,
            total=batch.total,
            body=body,
            body_sha256=sha256_hex(body),
            paid=False,
            issued_at=now,
        )
        await repository.issue(made, place, batch.invoices)
        await _record(session, made, ACTOR, "issued")
        return made


@dataclass(frozen=True, slots=True)
class ConsolidateGroups:
    """Finds parents with something to consolidate, and does it."""

    system: SystemWork
    consolidate: Consolidate
    clock: Clock
    batch: int = 200
    name: str = "consolidate-groups"
    every_seconds: float = 30.0

    async def run(self) -> int:
        """Consolidate what is over, and return how many documents were issued."""
        # A sandbox's clock may be far ahead of ours: its own day decides, in `Consolidate`.
        before = (self.clock.now() + timedelta(days=365 * 100)).date()
        async with self.system() as session:
            parents = await waiting_parents(session, before, self.batch)
        return sum([len(await self.consolidate(parent)) for parent in parents])


@dataclass(frozen=True, slots=True)
class RecordConsolidatedPayment:
    """Book the one transfer by which a parent pays; its children's invoices follow."""

    work: UnitOfWork
    tenant_clock: TenantClock

    async def __call__(
        self,
        *,
        tenant_id: TenantId,
        consolidated_id: ConsolidatedInvoiceId,
        amount: Money,
        reference: str,
        actor: str,
    ) -> ConsolidatedInvoice:
        """Mark it paid, and return it; the same call again changes nothing.

        Raises:
            ConsolidatedInvoiceNotFound: the tenant has none of that id.
            ConsolidatedAmountMismatch: the transfer is not of its total.
            ConsolidatedAlreadyPaid: another transfer paid it.
        """
        reference = " ".join(reference.split())
        async with self.work(tenant_id) as session:
            repository = ConsolidatedRepository(session)
            made = await repository.get(tenant_id, consolidated_id, lock=True)
            if made.paid and made.reference == reference and amount == made.total:
                return made
            if made.paid:
                raise ConsolidatedAlreadyPaid(number=made.number, reference=made.reference)
            if amount != made.total or not reference:
                raise ConsolidatedAmountMismatch(
                    number=made.number, total=made.total, paid=amount, field="amount"
                )
            now = await self.tenant_clock.now(session, tenant_id)
            await repository.mark_paid(made, reference, now)
            payload = {"consolidated_id": str(consolidated_id)}
            await enqueue(session, tenant_id, CONSOLIDATED_PAID, payload)
            await _record(session, made, actor, "paid")
            return replace(made, paid=True, reference=reference, paid_at=now)


@dataclass(frozen=True, slots=True)
class SettleChildren:
    """The outbox's handler of ``consolidated_invoice.paid``: each child's invoice, once.

    A child's invoice that was paid or voided meanwhile is left to a person, with the reason.
    """

    work: UnitOfWork
    tenant_clock: TenantClock
    record_payment: RecordPayment

    async def __call__(
        self, tenant_id: TenantId, payload: dict[str, object], delivery_id: OutboxId
    ) -> None:
        """Book the parent's payment in every child's books; repeated, what is missing of it."""
        del delivery_id
        wanted = ConsolidatedInvoiceId(UUID(str(payload["consolidated_id"])))
        async with self.work(tenant_id) as session:
            made = await ConsolidatedRepository(session).get(tenant_id, wanted)
            invoices = await ConsolidatedRepository(session).shared(
                tenant_id, consolidated_id=wanted
            )
        for invoice in invoices:
            if invoice.settled_at is None and invoice.unsettled_because is None:
                await self._settle(made, invoice)

    async def _settle(self, made: ConsolidatedInvoice, invoice: SharedInvoice) -> None:
        because = None
        try:
            # The reference is the same in every attempt, so the child's books take it once.
            await self.record_payment(
                tenant_id=invoice.child_id,
                invoice_id=invoice.invoice_id,
                amount=invoice.open,
                reference=f"{made.number}/{invoice.number}",
                actor=ACTOR,
            )
        except (InvoiceAlreadyPaid, InvoiceEnded, PaymentAmountMismatch) as refusal:
            because = refusal.code
            log.warning("group_invoice_not_settled", invoice=invoice.number, because=because)
        async with self.work(made.tenant_id) as session:
            now = await self.tenant_clock.now(session, made.tenant_id)
            at = now if because is None else None
            await ConsolidatedRepository(session).settle(invoice, at, because)


async def _record(session: AsyncSession, made: ConsolidatedInvoice, actor: str, what: str) -> None:
    await record(
        session,
        made.tenant_id,
        actor,
        f"consolidated_invoice.{what}",
        "consolidated_invoice",
        format_id("cin", made.id),
        {"number": made.number, "total_minor": made.total.minor},
    )
