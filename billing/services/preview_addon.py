"""Show what a seasonal add-on would cost: the short form of `PreviewChange` for bookings."""

from dataclasses import dataclass

from billing.changing import Changing
from billing.domain.life.requests import BookingWanted
from billing.services.subscriptions.preview_change import ChangePreview, PreviewChange
from billing.services.subscriptions.weighing import Weighing
from control_plane.kernel.ids import SubscriptionId, TenantId
from control_plane.runtime.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class PreviewAddon:
    """Compute the booking of an add-on's running or next window without making it."""

    work: UnitOfWork
    changing: Changing

    async def __call__(
        self, *, tenant_id: TenantId, subscription_id: SubscriptionId, addon_code: str
    ) -> ChangePreview:
        """Return the window, the exact lines, and the confirming token.

        Raises:
            TallyardError: see `propose_booking`.
        """
        preview = PreviewChange(self.work, Weighing.of(self.changing))
        return await preview(
            tenant_id=tenant_id,
            subscription_id=subscription_id,
            request=BookingWanted(addon_code),
        )
