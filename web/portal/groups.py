"""The group: parent or children, consolidated invoices, cost centres, purchase orders."""

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from billing.domain.groups.centres import CentreTerms
from billing.domain.groups.records import (
    Cadence,
    Membership,
    MembershipState,
)
from control_plane.identity.domain import Permission, permits
from control_plane.kernel.errors import TallyardError
from control_plane.kernel.ids import (
    MembershipId,
    SubscriptionId,
    TenantId,
    format_id,
)
from web.api.common import choice_from, id_from, principal, tenant
from web.compose import Application
from web.i18n import N_
from web.portal.consolidated import consolidated_row, shared_row
from web.portal.forms import Submitted, refused, submitted
from web.portal.page import Page, PageRequest, language_of, page, see
from web.portal.views.groups import (
    GroupPageView,
    MemberRow,
    OrderRow,
)
from web.portal.views.shell import Choice, Form

READ = {"permission": Permission.INVOICE_READ}
MANAGE = {"permission": Permission.INVOICE_PAY}
URL = "/portal/group"
CADENCES = {
    Cadence.DATE: N_("Invoices of one day together"),
    Cadence.MONTH: N_("Invoices of one month together"),
}
_ANSWERS = {
    "confirm": MembershipState.ACTIVE,
    "decline": MembershipState.DECLINED,
    "end": MembershipState.ENDED,
}


@get(URL, opt=READ, include_in_schema=False)
async def group_page(request: PageRequest, application: NamedDependency[Application]) -> Page:
    """Show the group as this organisation sees it."""
    return await _show(request, application, Form())


async def _show(
    request: PageRequest,
    application: Application,
    form: Form,
    *,
    code: str | None = None,
    status: int = 200,
) -> Page:
    tenant_id = tenant(request)
    async with application.work(tenant_id):
        found = await application.read_group(tenant_id)
        shared = await application.group_invoices.shared(tenant_id)
        consolidated = await application.group_invoices.consolidated(tenant_id)
        terms = await application.cost_centres.read(tenant_id)
        view = GroupPageView(
            parent=None if found.parent is None else _member(found.parent, tenant_id),
            children=tuple(_member(child, tenant_id) for child in found.children),
            cadences=tuple(Choice(c.value, w, c is found.cadence) for c, w in CADENCES.items()),
            code=code,
            consolidated=tuple(consolidated_row(made) for made in consolidated),
            shared=tuple(shared_row(invoice) for invoice in shared[:50]),
            property=terms.property or "",
            default_centre=terms.default or "",
            orders=await _orders(application, tenant_id, language_of(request), terms),
            may_change=permits(principal(request), Permission.INVOICE_PAY),
        )
        return await page(
            request, application, "portal/group.html", "group", status=status, view=view, form=form
        )


async def _orders(
    application: Application, tenant_id: TenantId, language: str, terms: CentreTerms
) -> tuple[OrderRow, ...]:
    kept = await application.purchase_orders.read(tenant_id)
    found = await application.list_subscriptions(tenant_id)
    return tuple(
        OrderRow(
            subscription_id=format_id("sub", one.id),
            name=one.plan.name.in_language(language),
            purchase_order=kept.get(one.id, ""),
            cost_centre=terms.subscriptions.get(one.id, ""),
        )
        for one in found
    )


def _member(found: Membership, tenant_id: TenantId) -> MemberRow:
    other = found.parent_name if found.child_id == tenant_id else found.child_name
    state = "active" if found.state is MembershipState.ACTIVE else "membership_requested"
    return MemberRow(format_id("mem", found.id), other, found.parent_pays, state)


async def _again(
    request: PageRequest, application: Application, error: TallyardError, form: Submitted
) -> Page:
    again, status = refused(error, form, language_of(request))
    return await _show(request, application, again, status=status)


@post(f"{URL}/code", opt=MANAGE, status_code=201, include_in_schema=False)
async def issue_code(request: PageRequest, application: NamedDependency[Application]) -> Page:
    """Show the code by which others ask to become children."""
    form = await submitted(request)
    try:
        code = await application.issue_group_code(tenant(request))
    except TallyardError as error:
        return await _again(request, application, error, form)
    return await _show(request, application, Form(), code=code, status=201)


@post(f"{URL}/join", opt=MANAGE, status_code=303, include_in_schema=False)
async def join(request: PageRequest, application: NamedDependency[Application]) -> Page | Redirect:
    """Ask to become a child."""
    form = await submitted(request)
    try:
        await application.ask_to_join_group(
            tenant_id=tenant(request),
            code=form.one("code"),
            parent_pays=form.one("payer") == "parent",
            actor=principal(request).actor,
        )
    except TallyardError as error:
        return await _again(request, application, error, form)
    return see(URL, done="group_asked")


@post(
    f"{URL}/memberships/{{membership_id:str}}", opt=MANAGE, status_code=303, include_in_schema=False
)
async def answer(
    request: PageRequest, membership_id: FromPath[str], application: NamedDependency[Application]
) -> Redirect:
    """Confirm or decline as the parent; end as either side."""
    form = await submitted(request)
    await application.answer_membership(
        tenant_id=tenant(request),
        membership_id=MembershipId(id_from("mem", membership_id)),
        state=_ANSWERS.get(form.one("answer"), MembershipState.ENDED),
        actor=principal(request).actor,
    )
    return see(URL, done="group_answered")


@post(f"{URL}/settings", opt=MANAGE, status_code=303, include_in_schema=False)
async def settings(
    request: PageRequest, application: NamedDependency[Application]
) -> Page | Redirect:
    """Keep the cadence, or the cost centres' property."""
    form = await submitted(request)
    tenant_id, actor = tenant(request), principal(request).actor
    try:
        if "cadence" in form.fields:
            cadence = choice_from(Cadence, form.one("cadence"), field="cadence")
            await application.set_cadence(tenant_id=tenant_id, cadence=cadence, actor=actor)
        if "property" in form.fields:
            await application.cost_centres.set(
                tenant_id=tenant_id,
                named=form.one("property"),
                default=form.one("default"),
                actor=actor,
            )
    except TallyardError as error:
        return await _again(request, application, error, form)
    return see(URL, done="group_kept")


@post(
    f"{URL}/purchase-orders/{{subscription_id:str}}",
    opt=MANAGE,
    status_code=303,
    include_in_schema=False,
)
async def purchase_order(
    request: PageRequest, subscription_id: FromPath[str], application: NamedDependency[Application]
) -> Page | Redirect:
    """Keep the purchase order and the cost centre of one subscription."""
    form = await submitted(request)
    wanted = SubscriptionId(id_from("sub", subscription_id))
    try:
        async with application.work(tenant(request)):
            await application.purchase_orders.set(
                tenant_id=tenant(request),
                subscription_id=wanted,
                value=form.one("purchase_order"),
                actor=principal(request).actor,
            )
            await application.cost_centres.set_subscription(
                tenant_id=tenant(request),
                subscription_id=wanted,
                centre=form.one("cost_centre"),
                actor=principal(request).actor,
            )
    except TallyardError as error:
        if error.field is None:
            raise
        return await _again(request, application, error, form)
    return see(URL, done="group_kept")
