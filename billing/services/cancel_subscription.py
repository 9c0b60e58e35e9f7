"""Cancel a subscription without a preview: the short form of `ConfirmChange` for the end."""

from dataclasses import dataclass

from billing.changing import Changed, Changing
from billing.domain.life.requests import CancelWanted, Moment
from billing.services.subscriptions.confirm_change import ConfirmChange
from billing.services.subscriptions.weighing import Weighing
from control_plane.kernel.ids import SubscriptionId, TenantId
from control_plane.runtime.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class CancelSubscription:
    """End a subscription with its period, or at once with what is owed either way settled."""

    work: UnitOfWork
    changing: Changing

    async def __call__(
        self,
        *,
        tenant_id: TenantId,
        subscription_id: SubscriptionId,
        actor: str,
        at_once: bool = False,
    ) -> Changed:
        """Record the cancellation.

        Raises:
            TallyardError: see `ConfirmChange` and `propose_cancel`.
        """
        confirm = ConfirmChange(self.work, Weighing.of(self.changing))
        return await confirm(
            tenant_id=tenant_id,
            subscription_id=subscription_id,
            request=CancelWanted(Moment.NOW if at_once else Moment.PERIOD_END),
            actor=actor,
        )
