"""Change a subscription's plan, as previewed."""

from dataclasses import dataclass

from billing.changing import Changed, Changing
from billing.services.preview_plan_change import PURPOSE, PlanWanted, propose_plan_change
from control_plane.kernel.calendar import Interval
from control_plane.kernel.ids import SubscriptionId, TenantId
from control_plane.runtime.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class ChangePlan:
    """Make exactly the change that was previewed, and charge exactly what it showed."""

    work: UnitOfWork
    changing: Changing

    async def __call__(
        self,
        *,
        tenant_id: TenantId,
        subscription_id: SubscriptionId,
        plan_code: str,
        token: str,
        actor: str,
        interval: Interval | None = None,
    ) -> Changed:
        """Record the change with its invoice, effective as of the preview.

        Raises:
            PreviewInvalid: ``token`` is not of a preview of a plan change of this tenant.
            PreviewStale: the preview is too old, or no longer what would be charged.
            SubscriptionNotFound, SubscriptionEnding, PlanNotFound, PriceNotFound, SamePlan,
            ModuleAlreadySubscribed, AccountParked: see `PreviewPlanChange`.
        """
        async with self.work(tenant_id) as session:
            shown = self.changing.tokens.read(PURPOSE, tenant_id, token)
            books = await self.changing.current_books(session, tenant_id)
            shown.require_fresh(books.now, books.account.closed_through)
            wanted = PlanWanted(subscription_id, plan_code, interval)
            found = await propose_plan_change(
                self.changing, session, books, wanted, shown.at, shown.cutoff
            )
            shown.require_same(found.digest)
            return await self.changing.make(
                session, books, found.longer, shown.at, shown=shown, actor=actor
            )
