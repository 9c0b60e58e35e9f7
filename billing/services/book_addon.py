"""Book a seasonal add-on as previewed: the short form of `ConfirmChange` for bookings."""

from dataclasses import dataclass

from billing.changing import Changed, Changing
from billing.domain.life.requests import BookingWanted
from billing.services.subscriptions.confirm_change import ConfirmChange
from billing.services.subscriptions.weighing import Weighing
from control_plane.kernel.ids import SubscriptionId, TenantId
from control_plane.runtime.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class BookAddon:
    """Book exactly the window that was previewed."""

    work: UnitOfWork
    changing: Changing

    async def __call__(
        self,
        *,
        tenant_id: TenantId,
        subscription_id: SubscriptionId,
        addon_code: str,
        token: str,
        actor: str,
    ) -> Changed:
        """Record the booking with its documents, effective as of the preview.

        Raises:
            TallyardError: see `ConfirmChange` and `propose_booking`.
        """
        confirm = ConfirmChange(self.work, Weighing.of(self.changing))
        return await confirm(
            tenant_id=tenant_id,
            subscription_id=subscription_id,
            request=BookingWanted(addon_code),
            actor=actor,
            token=token,
        )
