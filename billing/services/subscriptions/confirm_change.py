"""Do exactly what was previewed, and charge exactly what it showed."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from billing.buying import require_may_buy
from billing.changing import Changed
from billing.domain.life.requests import Request
from billing.services.subscriptions.preview_change import purpose_of
from billing.services.subscriptions.weighing import Weighed, Weighing
from billing.tokens import Shown
from control_plane.audit.record import record
from control_plane.kernel.ids import SubscriptionId, TenantId, format_id
from control_plane.runtime.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class ConfirmChange:
    """Make any change of a subscription, or start one."""

    work: UnitOfWork
    weighing: Weighing

    async def __call__(
        self,
        *,
        tenant_id: TenantId,
        request: Request,
        actor: str,
        token: str | None = None,
        subscription_id: SubscriptionId | None = None,
        staff: bool = False,
    ) -> Changed:
        """Record the change with its documents, as of the preview.

        With the ``token`` of a preview exactly what it showed is charged; without, the prices
        of this moment are.

        Raises:
            PreviewInvalid: ``token`` is not of a preview of this tenant.
            PreviewStale: the preview is too old, or no longer what would be charged.
            AccountParked: billing is halted.
            SuspendedBuysNothing: the customer has not paid for long; staff may still change it.
            TallyardError: whatever the request's own rules refuse, see the ``propose_…``.
        """
        changing = self.weighing.changing
        async with self.work(tenant_id) as session:
            if not staff:
                await require_may_buy(session, tenant_id, request)
            shown = None
            if token is not None:
                shown = changing.tokens.read(purpose_of(request), tenant_id, token)
            books = await changing.current_books(session, tenant_id)
            if shown is not None:
                shown.require_fresh(books.now, books.account.closed_through)
            at = books.now if shown is None else shown.at
            cutoff = None if shown is None else shown.cutoff
            desk = await self.weighing.desk(session, books, at, staff=staff, request=request)
            found = await self.weighing.weigh(session, desk, subscription_id, request, cutoff)
            if shown is not None:
                shown.require_same(found.digest)
            return await self.make(session, tenant_id, found, shown, actor)

    async def make(
        self,
        session: AsyncSession,
        tenant_id: TenantId,
        found: Weighed,
        shown: Shown | None,
        actor: str,
    ) -> Changed:
        """Record what was weighed; its reasons go on the record beside it."""
        longer = found.proposal.longer
        changed = await self.weighing.changing.make(
            session, found.desk.books, longer, found.desk.at, shown=shown, actor=actor
        )
        if found.projection is not None:
            await record(
                session,
                tenant_id,
                actor,
                "subscription.change_projected",
                "subscription",
                format_id("sub", longer.subscription_id),
                {"timing": found.proposal.timing.value, **found.projection.inputs()},
            )
        return changed
