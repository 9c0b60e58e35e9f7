"""Show what a plan change would cost: the short form of `PreviewChange` for plans."""

from dataclasses import dataclass

from billing.changing import Changing
from billing.domain.life.requests import PlanWanted
from billing.services.subscriptions.preview_change import ChangePreview, PreviewChange
from billing.services.subscriptions.weighing import Weighing
from control_plane.kernel.calendar import Interval
from control_plane.kernel.ids import SubscriptionId, TenantId
from control_plane.runtime.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class PreviewPlanChange:
    """Compute a plan change without making it."""

    work: UnitOfWork
    changing: Changing

    async def __call__(
        self,
        *,
        tenant_id: TenantId,
        subscription_id: SubscriptionId,
        plan_code: str,
        interval: Interval | None = None,
    ) -> ChangePreview:
        """Return the exact lines and the token that confirms them; the interval stays by default.

        Raises:
            TallyardError: see `propose_plan`.
        """
        preview = PreviewChange(self.work, Weighing.of(self.changing))
        return await preview(
            tenant_id=tenant_id,
            subscription_id=subscription_id,
            request=PlanWanted(plan_code, interval),
        )
