"""Show one subscription."""

from dataclasses import dataclass

from billing.services.list_subscriptions import SubscriptionView, view_of
from control_plane.kernel.ids import SubscriptionId, TenantId
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.subscriptions.repository import SubscriptionRepository
from control_plane.tenancy.clocks import TenantClock


@dataclass(frozen=True, slots=True)
class GetSubscription:
    """One subscription of the tenant, with its whole timeline."""

    work: UnitOfWork
    tenant_clock: TenantClock

    async def __call__(
        self, *, tenant_id: TenantId, subscription_id: SubscriptionId
    ) -> SubscriptionView:
        """Return it as it stands on the tenant's clock.

        Raises:
            SubscriptionNotFound: the tenant has none of that id.
        """
        async with self.work(tenant_id) as session:
            timeline = await SubscriptionRepository(session).timeline(subscription_id)
            now = await self.tenant_clock.now(session, tenant_id)
            return await view_of(session, timeline, now)
