"""How invoices are sorted inside the customer: cost centres and purchase orders."""

import msgspec
from litestar import Router, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from billing.domain.groups.centres import CentreTerms
from billing.domain.groups.splitting import Split
from control_plane.identity.domain import Permission
from control_plane.kernel.ids import SubscriptionId, format_id
from web.api.common import ApiRequest, id_from, principal, tenant
from web.api.invoices import invoice_id_from
from web.compose import Application

READ = {"permission": Permission.INVOICE_READ}
MANAGE = {"permission": Permission.INVOICE_PAY}


class CostCentreBody(msgspec.Struct, forbid_unknown_fields=True):
    """The member of your events' data that names the cost centre, and that of everything else.

    Null for none.
    """

    property: str | None = None
    default: str | None = None


class CostCentresView(msgspec.Struct):
    """How your invoices are sorted; ``subscriptions`` are those with a cost centre of their own."""

    property: str | None
    default: str | None
    subscriptions: dict[str, str]


class SubscriptionCentreBody(msgspec.Struct, forbid_unknown_fields=True):
    """The cost centre of everything this subscription costs; null for none of its own."""

    cost_centre: str | None = None


class SplitView(msgspec.Struct):
    """A cost centre's share of a line; an empty name is usage without one.

    Without a quantity the whole line is its.
    """

    cost_centre: str
    quantity: str | None
    amount: str


class SplitLineView(msgspec.Struct):
    """One line of an invoice over cost centres."""

    line: str
    splits: list[SplitView]


class PurchaseOrderBody(msgspec.Struct, forbid_unknown_fields=True):
    """The number printed on invoices over this subscription alone; null for the usual one."""

    purchase_order: str | None = None


@get("/cost-centres", opt=READ)
async def get_cost_centres(
    request: ApiRequest, application: NamedDependency[Application]
) -> CostCentresView:
    """Read what names the cost centre of a line."""
    return _terms(await application.cost_centres.read(tenant(request)))


@put("/cost-centres", opt=MANAGE)
async def set_cost_centres(
    request: ApiRequest, data: JSONBody[CostCentreBody], application: NamedDependency[Application]
) -> CostCentresView:
    """Choose the property of your events, and a default, for invoices issued from now on."""
    kept = await application.cost_centres.set(
        tenant_id=tenant(request),
        named=data.property,
        default=data.default,
        actor=principal(request).actor,
    )
    return _terms(kept)


def _terms(terms: CentreTerms) -> CostCentresView:
    own = {format_id("sub", key): centre for key, centre in terms.subscriptions.items()}
    return CostCentresView(terms.property, terms.default, own)


@put("/subscriptions/{subscription_id:str}/cost-centre", opt=MANAGE)
async def set_subscription_centre(
    request: ApiRequest,
    subscription_id: FromPath[str],
    data: JSONBody[SubscriptionCentreBody],
    application: NamedDependency[Application],
) -> SubscriptionCentreBody:
    """Give a subscription a cost centre of its own, or take it away."""
    kept = await application.cost_centres.set_subscription(
        tenant_id=tenant(request),
        subscription_id=SubscriptionId(id_from("sub", subscription_id)),
        centre=data.cost_centre,
        actor=principal(request).actor,
    )
    return SubscriptionCentreBody(kept)


@get("/invoices/{invoice_id:str}/cost-centres", opt=READ)
async def list_cost_centres(
    request: ApiRequest, invoice_id: FromPath[str], application: NamedDependency[Application]
) -> list[SplitLineView]:
    """List how an invoice's lines spread over your cost centres; the parts add up to each net."""
    found = await application.read_splits(tenant(request), invoice_id_from(invoice_id))
    return [
        SplitLineView(
            line,
            [SplitView(s.centre, quantity_of(s), s.amount.decimal_text()) for s in splits],
        )
        for line, splits in found.items()
    ]


def quantity_of(split: Split) -> str | None:
    """Write a share's quantity; None where a whole line is the centre's."""
    return None if split.quantity is None else f"{split.quantity:f}"


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
        get_cost_centres,
        set_cost_centres,
        set_subscription_centre,
        list_cost_centres,
        list_purchase_orders,
        set_purchase_order,
    ],
)
