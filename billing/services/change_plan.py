"""Change a subscription's plan as previewed: the short form of `ConfirmChange` for plans."""

from dataclasses import dataclass

from billing.changing import Changed, Changing
from billing.domain.life.requests import PlanWanted
from billing.services.subscriptions.confirm_change import ConfirmChange
from billing.services.subscriptions.weighing import Weighing
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
        """Record the change with its documents, effective as of the preview.

        Raises:
            TallyardError: see `ConfirmChange` and `propose_plan`.
        """
        confirm = ConfirmChange(self.work, Weighing.of(self.changing))
        return await confirm(
            tenant_id=tenant_id,
            subscription_id=subscription_id,
            request=PlanWanted(plan_code, interval),
            actor=actor,
            token=token,
        )
