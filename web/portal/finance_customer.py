"""Finance: a customer's coupons, promotional credit, wallets, and credit that is paid back."""

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from control_plane.identity.domain import Permission
from control_plane.kernel.currency import currency
from control_plane.kernel.errors import TallyardError
from control_plane.kernel.ids import format_id
from web.api.common import principal
from web.api.discounts import topup_id_from, wallet_id_from
from web.compose import Application
from web.portal.customer_frame import ACT, SECTION, URL, CustomerFrame, owner_of
from web.portal.customer_tab import CustomerTab
from web.portal.discount_rows import balance_view, takes_words
from web.portal.fields import amount_of
from web.portal.finance_credits import CYCLES, credit_asked
from web.portal.forms import Submitted, refused, submitted
from web.portal.page import Page, PageRequest, language_of, page, query, see
from web.portal.views.discounts import CustomerRow, CustomersView, CustomerView
from web.portal.views.shell import Choice, Form

READ = {"permission": Permission.STAFF_FINANCE}
PAGE_SIZE = 100


@get("/finance/customers", opt=READ, include_in_schema=False)
async def customers_page(request: PageRequest, application: NamedDependency[Application]) -> Page:
    """List customers, the newest first, or those whose name holds a text."""
    wanted, after = (request.query_params.get(name, "").strip() for name in ("q", "after"))
    found = await application.list_organisations(
        text=wanted or None, after=owner_of(after) if after else None, limit=PAGE_SIZE
    )
    onward = format_id("ten", found[-1].id) if len(found) == PAGE_SIZE else None
    view = CustomersView(
        wanted=wanted,
        rows=tuple(
            CustomerRow(format_id("ten", o.id), o.name, o.slug, o.currency, o.sandbox, o.created_at)
            for o in found
        ),
        next_url=query("/finance/customers", {"q": wanted, "after": onward}) if onward else None,
    )
    return await page(
        request, application, "finance/customers.html", SECTION, view=view, form=Form()
    )


async def _read(
    request: PageRequest, application: Application, frame: CustomerFrame
) -> CustomerView:
    language = language_of(request)
    held = await application.list_discounts(frame.owner)
    credit = await application.read_credit(frame.owner)
    tables, offers = await application.read_tax(), await application.list_coupons()
    return CustomerView(
        held=balance_view(held, language, frame.currency, may_pay=True),
        categories=tuple(
            Choice(category, category, category == "standard")
            for category in sorted({"standard", *(rate.category for rate in tables.rates)})
        ),
        cycles=CYCLES,
        coupons=tuple(
            Choice(offer.code, f"{offer.code} · {takes_words(offer, language)}")
            for offer in offers
            if offer.ended_at is None
        ),
        credit=credit.totals,
        entries=credit.entries,
    )


BALANCES = CustomerTab("balances", "discounts", "finance/customer.html", _read)


@get(URL, opt=ACT, include_in_schema=False)
async def balances_page(
    request: PageRequest, tenant_id: FromPath[str], application: NamedDependency[Application]
) -> Page:
    """Show what a customer holds, and record in its audit trail that it was looked at."""
    return await BALANCES.open(request, application, tenant_id)


@post(f"{URL}/coupons", opt=ACT, status_code=303, include_in_schema=False)
async def give_coupon(
    request: PageRequest, tenant_id: FromPath[str], application: NamedDependency[Application]
) -> Page | Redirect:
    """Give the customer a coupon."""
    form = await submitted(request)

    async def act() -> None:
        await application.redeem_coupon(
            tenant_id=owner_of(tenant_id),
            code=form.one("code"),
            actor=principal(request).actor,
            by_staff=True,
        )

    return await BALANCES.attempt(request, application, tenant_id, form, act, "coupon_given")


@post(f"{URL}/credits", opt=ACT, status_code=303, include_in_schema=False)
async def grant(
    request: PageRequest, tenant_id: FromPath[str], application: NamedDependency[Application]
) -> Page | Redirect:
    """Grant a promotional credit, once or every cycle."""
    form = await submitted(request)
    owner = owner_of(tenant_id)
    try:
        done = await credit_asked(application, owner, form, principal(request).actor)
    except TallyardError as error:
        shown, status = refused(error, form, language_of(request))
        return await BALANCES.show(request, application, owner, shown, status)
    return see(f"/finance/customers/{tenant_id}", done=done)


@post(f"{URL}/wallets", opt=ACT, status_code=303, include_in_schema=False)
async def open_wallet(
    request: PageRequest, tenant_id: FromPath[str], application: NamedDependency[Application]
) -> Page | Redirect:
    """Open a prepaid wallet for the customer."""
    form = await submitted(request)

    async def act() -> None:
        await application.open_wallet(
            tenant_id=owner_of(tenant_id),
            name=form.one("name"),
            currency=currency(form.one("currency")),
            tax_category=form.one("tax_category"),
            actor=principal(request).actor,
        )

    return await BALANCES.attempt(request, application, tenant_id, form, act, "wallet")


@post(f"{URL}/wallets/{{wallet_id:str}}/topups", opt=ACT, status_code=303, include_in_schema=False)
async def ask_topup(
    request: PageRequest,
    tenant_id: FromPath[str],
    wallet_id: FromPath[str],
    application: NamedDependency[Application],
) -> Page | Redirect:
    """Ask the customer for a top-up, with a bonus if finance likes."""
    form = await submitted(request)

    async def act() -> None:
        await application.request_topup(
            tenant_id=owner_of(tenant_id),
            wallet_id=wallet_id_from(wallet_id),
            amount=amount_of(form, "amount"),
            bonus=amount_of(form, "bonus") if form.one("bonus") else None,
            invite=True,
            actor=principal(request).actor,
        )

    return await BALANCES.attempt(request, application, tenant_id, form, act, "topup_asked")


@post(f"{URL}/topups/{{topup_id:str}}/payments", opt=ACT, status_code=303, include_in_schema=False)
async def topup_paid(
    request: PageRequest,
    tenant_id: FromPath[str],
    topup_id: FromPath[str],
    application: NamedDependency[Application],
) -> Page | Redirect:
    """Record that a top-up's money arrived."""
    form = await submitted(request)

    async def act() -> None:
        await application.record_topup_payment(
            tenant_id=owner_of(tenant_id),
            topup_id=topup_id_from(topup_id),
            amount=amount_of(form, "amount"),
            reference=form.one("reference"),
            actor=principal(request).actor,
        )

    return await BALANCES.attempt(request, application, tenant_id, form, act, "paid")


@post(f"{URL}/resumption", opt=ACT, status_code=303, include_in_schema=False)
async def resume(
    request: PageRequest, tenant_id: FromPath[str], application: NamedDependency[Application]
) -> Page | Redirect:
    """Let a halted billing go on, once its reason was looked at."""

    async def act() -> None:
        await application.resume_billing(
            tenant_id=owner_of(tenant_id), actor=principal(request).actor
        )

    return await BALANCES.attempt(request, application, tenant_id, Submitted({}), act, "resumed")
