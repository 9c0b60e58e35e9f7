"""An endpoint of a company, and a message on its way there."""

from control_plane.kernel.ids import TenantId, format_id
from control_plane.notifications.webhooks.domain import EndpointKind
from tests.support.api import Site


async def keep_webhook(site: Site, tenant_id: TenantId, word: str) -> dict[str, str]:
    """Keep them, and return their ids by the names that routes give them."""
    application = site.application
    endpoint, _ = await application.create_webhook(
        tenant_id=tenant_id,
        kind=EndpointKind.STANDARD,
        url=f"https://hooks.example.com/{word}-hook",
        events=["invoice.issued"],
        actor="usr_1",
    )
    await application.test_webhook(tenant_id=tenant_id, endpoint_id=endpoint.id, actor="usr_1")
    sent, *_ = await application.list_webhook_deliveries(tenant_id=tenant_id)
    return {
        "webhook_id": format_id("whe", endpoint.id),
        "delivery_id": format_id("whd", sent.id),
    }
