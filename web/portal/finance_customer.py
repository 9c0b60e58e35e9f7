"""Finance: what one customer holds, and which company bills it."""

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from control_plane.audit.openings import record_opening
from control_plane.identity.domain import Permission
from control_plane.kernel.currency import currency
from control_plane.kernel.errors import TallyardError
from control_plane.kernel.ids import TenantId, format_id
from control_plane.kernel.money import Money
from web.api.common import id_from, principal
from web.api.discounts import topup_id_from
from web.compose import Application
from web.portal.discount_rows import balance_view, takes_words
from web.portal.finance_credits import CYCLES, credit_asked
from web.portal.forms import Submitted, refused, submitted
from web.portal.page import Page, PageRequest, language_of, page, see
from web.portal.views.discounts import CustomerView
from web.portal.views.shell import Choice, Form

READ = {"permission": Permission.STAFF_FINANCE, "staff": True}
URL = "/finance/customers/{tenant_id:str}"


@get("/finance/customers", opt=READ, include_in_schema=False)
async def choose(tenant: FromQuery[str] = "") -> Redirect:
    """Go on to the customer that was chosen."""
    return see(f"/finance/customers/{format_id('ten', id_from('ten', tenant))}")


@get(URL, opt=READ, include_in_schema=False)
async def customer_page(
    request: PageRequest, tenant_id: FromPath[str], application: NamedDependency[Application]
) -> Page:
    """Show what a customer holds, and record in its audit trail that it was looked at."""
    owner = TenantId(id_from("ten", tenant_id))
    async with application.work(owner) as session:
        response = await _show(request, application, owner, Form())
        actor, opened = principal(request).actor, format_id("ten", owner)
        await record_opening(session, owner, actor, "discounts", opened)
        return response


async def _show(
    request: PageRequest, application: Application, owner: TenantId, form: Form, status: int = 200
) -> Page:
    language = language_of(request)
    organisation = await application.read_organisation(owner)
    held = await application.list_discounts(owner)
    tables = await application.read_tax()
    offers = await application.list_coupons()
    view = CustomerView(
        tenant_id=format_id("ten", owner),
        customer=organisation.name,
        held=balance_view(held, language, organisation.currency, may_pay=True),
        entities=tuple(
            Choice(entity.code, f"{entity.code} · {entity.name or '–'}")  # noqa: RUF001 - none
            for entity in tables.entities
            if entity.sandbox == organisation.sandbox
        ),
        cycles=CYCLES,
        coupons=tuple(
            Choice(offer.code, f"{offer.code} · {takes_words(offer, language)}")
            for offer in offers
            if offer.ended_at is None
        ),
    )
    return await page(
        request,
        application,
        "finance/customer.html",
        "finance_discounts",
        status=status,
        view=view,
        form=form,
    )


async def _again(
    request: PageRequest,
    application: Application,
    tenant_id: str,
    error: TallyardError,
    form: Submitted,
) -> Page:
    again, status = refused(error, form, language_of(request))
    owner = TenantId(id_from("ten", tenant_id))
    return await _show(request, application, owner, again, status)


@post(f"{URL}/coupons", opt=READ, status_code=303, include_in_schema=False)
async def give_coupon(
    request: PageRequest, tenant_id: FromPath[str], application: NamedDependency[Application]
) -> Page | Redirect:
    """Give the customer a coupon."""
    form = await submitted(request)
    try:
        await application.redeem_coupon(
            tenant_id=TenantId(id_from("ten", tenant_id)),
            code=form.one("code"),
            actor=principal(request).actor,
            by_staff=True,
        )
    except TallyardError as error:
        return await _again(request, application, tenant_id, error, form)
    return see(f"/finance/customers/{tenant_id}", done="coupon_given")


@post(f"{URL}/credits", opt=READ, status_code=303, include_in_schema=False)
async def grant(
    request: PageRequest, tenant_id: FromPath[str], application: NamedDependency[Application]
) -> Page | Redirect:
    """Grant a promotional credit, once or every cycle."""
    form = await submitted(request)
    owner = TenantId(id_from("ten", tenant_id))
    try:
        done = await credit_asked(application, owner, form, principal(request).actor)
    except TallyardError as error:
        return await _again(request, application, tenant_id, error, form)
    return see(f"/finance/customers/{tenant_id}", done=done)


@post(f"{URL}/legal-entity", opt=READ, status_code=303, include_in_schema=False)
async def assign(
    request: PageRequest, tenant_id: FromPath[str], application: NamedDependency[Application]
) -> Page | Redirect:
    """Have the customer billed by another company."""
    form = await submitted(request)
    try:
        await application.assign_entity(
            tenant_id=TenantId(id_from("ten", tenant_id)),
            entity=form.one("entity"),
            actor=principal(request).actor,
        )
    except TallyardError as error:
        return await _again(request, application, tenant_id, error, form)
    return see(f"/finance/customers/{tenant_id}", done="entity")


@post(f"{URL}/topups/{{topup_id:str}}/payments", opt=READ, status_code=303, include_in_schema=False)
async def topup_paid(
    request: PageRequest,
    tenant_id: FromPath[str],
    topup_id: FromPath[str],
    application: NamedDependency[Application],
) -> Page | Redirect:
    """Record that a top-up's money arrived."""
    form = await submitted(request)
    try:
        await application.record_topup_payment(
            tenant_id=TenantId(id_from("ten", tenant_id)),
            topup_id=topup_id_from(topup_id),
            amount=Money.parse(form.one("amount"), currency(form.one("currency"))),
            reference=form.one("reference"),
            actor=principal(request).actor,
        )
    except TallyardError as error:
        return await _again(request, application, tenant_id, error, form)
    return see(f"/finance/customers/{tenant_id}", done="paid")
