"""Groups of organisations, and the consolidated invoices of those who pay for others."""

from litestar import Router, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from billing.domain.groups.records import Cadence, MembershipState
from control_plane.identity.domain import Permission
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import ConsolidatedInvoiceId, MembershipId, TenantId, format_id
from control_plane.kernel.money import Money
from web.api.common import ApiRequest, choice_from, id_from, principal, tenant
from web.api.group_views import (
    CadenceBody,
    ConsolidatedDetailView,
    ConsolidatedPayment,
    ConsolidatedView,
    CustomerConsolidatedView,
    GroupCodeView,
    GroupView,
    JoinRequest,
    MembershipView,
    SharedInvoiceView,
    consolidated_detail,
    consolidated_view,
    membership_view,
    shared_view,
)
from web.compose import Application

READ = {"permission": Permission.INVOICE_READ}
MANAGE = {"permission": Permission.INVOICE_PAY}
FINANCE = {"permission": Permission.STAFF_FINANCE}


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
) -> ConsolidatedDetailView:
    """Read one consolidated invoice with the invoices in it, their credit notes and payments."""
    wanted = consolidated_id_from(consolidated_id)
    return consolidated_detail(await application.group_invoices.one(tenant(request), wanted))


@post("/consolidated-invoices/{consolidated_id:str}/payments", status_code=202, opt=MANAGE)
async def pay_consolidated(
    request: ApiRequest, consolidated_id: FromPath[str], application: NamedDependency[Application]
) -> None:
    """Have what is open of it collected from your card, again if that failed before."""
    await application.request_group_collection(
        tenant_id=tenant(request),
        consolidated_id=consolidated_id_from(consolidated_id),
        actor=principal(request).actor,
    )


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
    """Record a transfer by which a parent paid all or a part; its children's invoices follow."""
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
        pay_consolidated,
        list_all_consolidated,
        record_consolidated_payment,
    ],
)
