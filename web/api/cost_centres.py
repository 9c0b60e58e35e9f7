"""How invoices are sorted inside the customer: cost centres and purchase orders."""

import msgspec
from litestar import Router, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from control_plane.identity.domain import Permission
from control_plane.kernel.ids import SubscriptionId, format_id
from web.api.common import ApiRequest, id_from, principal, tenant
from web.api.invoices import invoice_id_from
from web.compose import Application

READ = {"permission": Permission.INVOICE_READ}
MANAGE = {"permission": Permission.INVOICE_PAY}


class CostCentreBody(msgspec.Struct, forbid_unknown_fields=True):
    """The member of your events' data that names the cost centre; null for none."""

    property: str | None = None


class SplitView(msgspec.Struct):
    """A cost centre's share of a line; an empty name is usage without one."""

    cost_centre: str
    quantity: str
    amount: str


class SplitLineView(msgspec.Struct):
    """One line of an invoice over cost centres."""

    line: str
    splits: list[SplitView]


class PurchaseOrderBody(msgspec.Struct, forbid_unknown_fields=True):
    """The number printed on invoices over this subscription alone; null for the usual one."""

    purchase_order: str | None = None


@get("/cost-centre-property", opt=READ)
async def get_cost_centre_property(
    request: ApiRequest, application: NamedDependency[Application]
) -> CostCentreBody:
    """Read which member of your events' data names the cost centre."""
    return CostCentreBody(await application.cost_centre_property.read(tenant(request)))


@put("/cost-centre-property", opt=MANAGE)
async def set_cost_centre_property(
    request: ApiRequest, data: JSONBody[CostCentreBody], application: NamedDependency[Application]
) -> CostCentreBody:
    """Choose it, for invoices issued from now on."""
    kept = await application.cost_centre_property.set(
        tenant_id=tenant(request), value=data.property, actor=principal(request).actor
    )
    return CostCentreBody(kept)


@get("/invoices/{invoice_id:str}/cost-centres", opt=READ)
async def list_cost_centres(
    request: ApiRequest, invoice_id: FromPath[str], application: NamedDependency[Application]
) -> list[SplitLineView]:
    """List how an invoice's usage lines spread over your cost centres; parts add up exactly."""
    found = await application.read_splits(tenant(request), invoice_id_from(invoice_id))
    return [
        SplitLineView(
            line,
            [SplitView(s.centre, f"{s.quantity:f}", s.amount.decimal_text()) for s in splits],
        )
        for line, splits in found.items()
    ]


@get("/purchase-orders", opt=READ)
async def list_purchase_orders(
    request: ApiRequest, application: NamedDependency[Application]
) -> dict[str, str]:
    """List the subscriptions that have a purchase-order number of their own."""
    found = await application.purchase_orders.read(tenant(request))
    return {format_id("sub", key): number for key, number in found.items()}


@put("/subscriptions/{subscription_id:str}/purchase-order", opt=MANAGE)
async def set_purchase_order(
    request: ApiRequest,
    subscription_id: FromPath[str],
    data: JSONBody[PurchaseOrderBody],
    application: NamedDependency[Application],
) -> PurchaseOrderBody:
    """Give a subscription a purchase-order number of its own, or take it away."""
    kept = await application.purchase_orders.set(
        tenant_id=tenant(request),
        subscription_id=SubscriptionId(id_from("sub", subscription_id)),
        value=data.purchase_order,
        actor=principal(request).actor,
    )
    return PurchaseOrderBody(kept)


router = Router(
    "/v1",
    tags=["Cost centres"],
    route_handlers=[
        get_cost_centre_property,
        set_cost_centre_property,
        list_cost_centres,
        list_purchase_orders,
        set_purchase_order,
    ],
)
