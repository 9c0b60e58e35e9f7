"""Groups of organisations, consolidated invoices, cost centres and purchase orders."""

from datetime import date, datetime
from typing import Any

import msgspec
from litestar import Router, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from billing.domain.groups.records import (
    Cadence,
    ConsolidatedInvoice,
    Membership,
    MembershipState,
    SharedInvoice,
)
from control_plane.identity.domain import Permission
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import (
    ConsolidatedInvoiceId,
    MembershipId,
    SubscriptionId,
    TenantId,
    format_id,
)
from control_plane.kernel.money import Money
from web.api.common import ApiRequest, choice_from, id_from, principal, tenant
from web.api.invoices import invoice_id_from
from web.compose import Application

READ = {"permission": Permission.INVOICE_READ}
MANAGE = {"permission": Permission.INVOICE_PAY}
FINANCE = {"permission": Permission.STAFF_FINANCE}


class GroupCodeView(msgspec.Struct):
    """What a child needs to ask for membership; good for fourteen days."""

    code: str


class JoinRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The parent's code, and whether the parent shall pay your invoices."""

    code: str
    parent_pays: bool = False


class CadenceBody(msgspec.Struct, forbid_unknown_fields=True):
    """Whether invoices of one ``date`` or of one ``month`` become one consolidated invoice."""

    cadence: str


class MembershipView(msgspec.Struct):
    """A membership as either side sees it."""

    id: str
    child_id: str
    child: str
    parent_id: str
    parent: str
    parent_pays: bool
    state: str
    requested_at: datetime


class GroupView(msgspec.Struct):
    """Your parent if you have one, your children if you lead a group."""

    parent: MembershipView | None
    children: list[MembershipView]
    cadence: str


class SharedInvoiceView(msgspec.Struct):
    """A child's invoice, as it agreed to show it; amounts are decimal texts."""

    invoice_id: str
    number: str
    child: str
    dated: date
    payable_by: date
    currency: str
    total: str
    open: str
    parent_pays: bool
    consolidated_id: str | None
    settled_at: datetime | None
    unsettled_because: str | None


class ConsolidatedView(msgspec.Struct):
    """One document over children's invoices."""

    id: str
    number: str
    first_day: date
    last_day: date
    dated: date
    payable_by: date
    currency: str
    total: str
    state: str
    reference: str | None
    paid_at: datetime | None


class ConsolidatedDetail(msgspec.Struct):
    """A consolidated invoice with its frozen content, and how far it has been settled."""

    consolidated: ConsolidatedView
    content: dict[str, Any]
    content_sha256: str
    invoices: list[SharedInvoiceView]


class CustomerConsolidatedView(msgspec.Struct):
    """A consolidated invoice and whose it is."""

    tenant_id: str
    customer: str
    consolidated: ConsolidatedView


class ConsolidatedPayment(msgspec.Struct, forbid_unknown_fields=True):
    """The transfer that pays a consolidated invoice, with the bank's own reference."""

    amount: str
    currency: str
    reference: str


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


def membership_view(found: Membership) -> MembershipView:
    """Show a membership."""
    return MembershipView(
        id=format_id("mem", found.id),
        child_id=format_id("ten", found.child_id),
        child=found.child_name,
        parent_id=format_id("ten", found.parent_id),
        parent=found.parent_name,
        parent_pays=found.parent_pays,
        state=found.state.value,
        requested_at=found.requested_at,
    )


def shared_view(found: SharedInvoice) -> SharedInvoiceView:
    """Show a child's invoice."""
    together = found.consolidated_id
    return SharedInvoiceView(
        invoice_id=format_id("inv", found.invoice_id),
        number=found.number,
        child=found.child_name,
        dated=found.dated,
        payable_by=found.payable_by,
        currency=found.total.currency.code,
        total=found.total.decimal_text(),
        open=found.open.decimal_text(),
        parent_pays=found.parent_pays,
        consolidated_id=None if together is None else format_id("cin", together),
        settled_at=found.settled_at,
        unsettled_because=found.unsettled_because,
    )


def consolidated_view(made: ConsolidatedInvoice) -> ConsolidatedView:
    """Show a consolidated invoice."""
    return ConsolidatedView(
        id=format_id("cin", made.id),
        number=made.number,
        first_day=made.first_day,
        last_day=made.last_day,
        dated=made.dated,
        payable_by=made.payable_by,
        currency=made.total.currency.code,
        total=made.total.decimal_text(),
        state="paid" if made.paid else "issued",
        reference=made.reference,
        paid_at=made.paid_at,
    )


def consolidated_id_from(text: str) -> ConsolidatedInvoiceId:
    """Read a consolidated invoice's id from an address."""
    return ConsolidatedInvoiceId(id_from("cin", text))


@get("/group", opt=READ)
async def get_group(request: ApiRequest, application: NamedDependency[Application]) -> GroupView:
    """Read your group: your parent, or your children."""
    found = await application.read_group(tenant(request))
    return GroupView(
        parent=None if found.parent is None else membership_view(found.parent),
        children=[membership_view(child) for child in found.children],
        cadence=found.cadence.value,
    )


@post("/group/codes", status_code=201, opt=MANAGE)
async def issue_group_code(
    request: ApiRequest, application: NamedDependency[Application]
) -> GroupCodeView:
    """Get the code by which other organisations ask to become your children."""
    return GroupCodeView(await application.issue_group_code(tenant(request)))


@put("/group/cadence", opt=MANAGE)
async def set_cadence(
    request: ApiRequest, data: JSONBody[CadenceBody], application: NamedDependency[Application]
) -> CadenceBody:
    """Choose which of your children's invoices become one consolidated invoice."""
    cadence = choice_from(Cadence, data.cadence, field="cadence")
    await application.set_cadence(
        tenant_id=tenant(request), cadence=cadence, actor=principal(request).actor
    )
    return CadenceBody(cadence.value)


@post("/group/memberships", status_code=201, opt=MANAGE)
async def ask_to_join(
    request: ApiRequest, data: JSONBody[JoinRequest], application: NamedDependency[Application]
) -> MembershipView:
    """Ask a parent to take you into its group: it will see your invoices from then on."""
    found = await application.ask_to_join_group(
        tenant_id=tenant(request),
        code=data.code,
        parent_pays=data.parent_pays,
        actor=principal(request).actor,
    )
    return membership_view(found)


async def _answer(
    request: ApiRequest, application: Application, membership_id: str, state: MembershipState
) -> None:
    await application.answer_membership(
        tenant_id=tenant(request),
        membership_id=MembershipId(id_from("mem", membership_id)),
        state=state,
        actor=principal(request).actor,
    )


@post("/group/memberships/{membership_id:str}/confirmation", status_code=204, opt=MANAGE)
async def confirm_membership(
    request: ApiRequest, membership_id: FromPath[str], application: NamedDependency[Application]
) -> None:
    """As the parent, take a child in; where it asked for that, its invoices are yours to pay."""
    await _answer(request, application, membership_id, MembershipState.ACTIVE)


@post("/group/memberships/{membership_id:str}/refusal", status_code=204, opt=MANAGE)
async def decline_membership(
    request: ApiRequest, membership_id: FromPath[str], application: NamedDependency[Application]
) -> None:
    """As the parent, decline a request."""
    await _answer(request, application, membership_id, MembershipState.DECLINED)


@post("/group/memberships/{membership_id:str}/end", status_code=204, opt=MANAGE)
async def end_membership(
    request: ApiRequest, membership_id: FromPath[str], application: NamedDependency[Application]
) -> None:
    """As either side, end a membership: invoices issued from now on are the child's alone."""
    await _answer(request, application, membership_id, MembershipState.ENDED)


@get("/group/invoices", opt=READ)
async def list_shared(
    request: ApiRequest, application: NamedDependency[Application]
) -> list[SharedInvoiceView]:
    """List the invoices that your children show you, newest first."""
    return [shared_view(i) for i in await application.group_invoices.shared(tenant(request))]


@get("/consolidated-invoices", opt=READ)
async def list_consolidated(
    request: ApiRequest, application: NamedDependency[Application]
) -> list[ConsolidatedView]:
    """List your consolidated invoices, newest first."""
    found = await application.group_invoices.consolidated(tenant(request))
    return [consolidated_view(made) for made in found]


@get("/consolidated-invoices/{consolidated_id:str}", opt=READ)
async def get_consolidated(
    request: ApiRequest, consolidated_id: FromPath[str], application: NamedDependency[Application]
) -> ConsolidatedDetail:
    """Read one consolidated invoice with the invoices in it."""
    made, invoices = await application.group_invoices.one(
        tenant(request), consolidated_id_from(consolidated_id)
    )
    shown = [shared_view(invoice) for invoice in invoices]
    return ConsolidatedDetail(consolidated_view(made), made.content, made.body_sha256, shown)


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


@get("/staff/consolidated-invoices", opt=FINANCE)
async def list_all_consolidated(
    application: NamedDependency[Application],
) -> list[CustomerConsolidatedView]:
    """List all parents' consolidated invoices, newest first."""
    return [
        CustomerConsolidatedView(
            format_id("ten", made.tenant_id), customer, consolidated_view(made)
        )
        for made, customer in await application.list_all_consolidated()
    ]


@post(
    "/staff/tenants/{tenant_id:str}/consolidated-invoices/{consolidated_id:str}/payments",
    status_code=201,
    opt={**FINANCE, "staff": True},
)
async def record_consolidated_payment(
    request: ApiRequest,
    tenant_id: FromPath[str],
    consolidated_id: FromPath[str],
    data: JSONBody[ConsolidatedPayment],
    application: NamedDependency[Application],
) -> ConsolidatedView:
    """Record the transfer by which a parent paid; its children's invoices are settled by it."""
    owner, wanted = TenantId(id_from("ten", tenant_id)), consolidated_id_from(consolidated_id)
    await application.group_invoices.one(owner, wanted)
    made = await application.record_consolidated_payment(
        tenant_id=owner,
        consolidated_id=wanted,
        amount=Money.parse(data.amount, currency(data.currency)),
        reference=data.reference,
        actor=principal(request).actor,
    )
    return consolidated_view(made)


router = Router(
    "/v1",
    tags=["Groups"],
    route_handlers=[
        get_group,
        issue_group_code,
        set_cadence,
        ask_to_join,
        confirm_membership,
        decline_membership,
        end_membership,
        list_shared,
        list_consolidated,
        get_consolidated,
        get_cost_centre_property,
        set_cost_centre_property,
        list_cost_centres,
        list_purchase_orders,
        set_purchase_order,
        list_all_consolidated,
        record_consolidated_payment,
    ],
)
