"""One document over children's invoices."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.groups.consolidating import (
    Batch,
    batches,
    consolidated_body,
    consolidated_number,
)
from billing.domain.groups.records import ConsolidatedInvoice
from billing.each_tenant import each_tenant
from billing.repositories.consolidated import ConsolidatedRepository, waiting_parents
from billing.repositories.groups import GroupRepository
from billing.tax_desk import TaxDesk
from control_plane.audit.record import record
from control_plane.kernel.canonical import canonical_json, sha256_hex
from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import (
    ConsolidatedInvoiceId,
    TenantId,
    format_id,
    new_id,
)
from control_plane.kernel.instants import local_date
from control_plane.kernel.money import Money
from control_plane.runtime.outbox import enqueue
from control_plane.runtime.topics import CONSOLIDATED_ISSUED
from control_plane.runtime.unit_of_work import SystemWork, UnitOfWork
from control_plane.tenancy.clocks import TenantClock
from control_plane.tenancy.domain import Organisation
from control_plane.tenancy.repository import OrganisationRepository

ACTOR = "groups"


@dataclass(frozen=True, slots=True)
class Consolidate:
    """Issue what the parent's children shared and what it pays, date by date or month by month.

    However many workers do it, an invoice is in one consolidated invoice: they wait for each other
    at the invoices that are still to be consolidated.
    """

    work: UnitOfWork
    tenant_clock: TenantClock
    desk: TaxDesk

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
        parties = await self.desk.parties(session, parent.id, batch.entity)
        place = await repository.draw_place(batch.entity, dated.year)
        number = consolidated_number(prefix, dated.year, place)
        _, buyer = parties
        seller = batch.invoices[0].content["seller"]
        said = consolidated_body(number, dated, parent.zone, (seller, buyer), batch, parent.id)
        body = canonical_json(said)
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
            paid=Money.zero(batch.total.currency),
            open=batch.total,
            issued_at=now,
        )
        await repository.issue(made, place, batch.invoices)
        payload = {"consolidated_id": str(made.id)}
        await enqueue(session, parent.id, CONSOLIDATED_ISSUED, payload)
        await record_fact(session, made, ACTOR, "issued", made.total)
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
        """Consolidate what is over, and return how many documents were issued.

        Raises:
            TenantsFailed: it failed for some parents; the others were done.
        """
        # A sandbox's clock may be far ahead of ours: its own day decides, in `Consolidate`.
        before = (self.clock.now() + timedelta(days=365 * 100)).date()
        parents: list[TenantId] = []
        page: list[TenantId] | None = None
        # Most wait for their day or month to be over: nobody is left out behind them.
        while page is None or len(page) == self.batch:
            last = parents[-1] if parents else None
            async with self.system() as session:
                page = await waiting_parents(session, before, last, self.batch)
            parents += page
        return await each_tenant(self.name, parents, self._issued)

    async def _issued(self, parent: TenantId) -> int:
        return len(await self.consolidate(parent))


async def record_fact(
    session: AsyncSession, made: ConsolidatedInvoice, actor: str, what: str, amount: Money
) -> None:
    """Write what happened to a consolidated invoice to its organisation's audit trail."""
    await record(
        session,
        made.tenant_id,
        actor,
        f"consolidated_invoice.{what}",
        "consolidated_invoice",
        format_id("cin", made.id),
        {"number": made.number, "amount_minor": amount.minor},
    )
