"""Purchase-order numbers of single subscriptions; the organisation's own is its profile's."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from billing.domain.life.purchase_orders import normal_purchase_order
from billing.repositories.purchase_orders import keep_purchase_order, purchase_orders
from control_plane.audit.record import record
from control_plane.kernel.ids import SubscriptionId, TenantId, format_id
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.subscriptions.repository import SubscriptionRepository
from control_plane.tenancy.clocks import TenantClock


@dataclass(frozen=True, slots=True)
class PurchaseOrders:
    """Read and change them; invoices issued from now on print them."""

    work: UnitOfWork
    tenant_clock: TenantClock

    async def read(self, tenant_id: TenantId) -> dict[UUID, str]:
        """Return the numbers by subscription."""
        async with self.work(tenant_id) as session:
            return await purchase_orders(session, tenant_id)

    async def set(
        self, *, tenant_id: TenantId, subscription_id: SubscriptionId, value: str | None, actor: str
    ) -> str | None:
        """Keep a number for a subscription, or take it away.

        Raises:
            SubscriptionNotFound: the tenant has none of that id.
            PurchaseOrderInvalid: it is too long or not printable.
        """
        number = normal_purchase_order(value)
        async with self.work(tenant_id) as session:
            await SubscriptionRepository(session).timeline(subscription_id)
            mine = {"tenant_id": tenant_id, "subscription_id": subscription_id}
            await session.execute(
                text(
                    "DELETE FROM subscription_orders "
                    "WHERE tenant_id = :tenant_id AND subscription_id = :subscription_id"
                ),
                mine,
            )
            if number:
                now = await self.tenant_clock.now(session, tenant_id)
                await keep_purchase_order(session, tenant_id, subscription_id, number, now)
            await record(
                session,
                tenant_id,
                actor,
                "purchase_order.changed",
                "subscription",
                format_id("sub", subscription_id),
                {"purchase_order": number or ""},
            )
        return number
