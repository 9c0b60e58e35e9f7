"""Finance: make a quote, look at it as the customer will, send it, take it back."""

from datetime import timedelta

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from billing.domain.life.quotes import QuoteState
from billing.services.quotes.list_quotes import ListedQuote
from control_plane.kernel.calendar import local_date
from control_plane.kernel.errors import TallyardError
from control_plane.kernel.ids import TenantId, format_id
from web.api.common import principal
from web.api.quotes import quote_id_from
from web.compose import Application
from web.openings import opened_by_staff
from web.portal.customer_frame import ACT, URL, customer_page, owner_of, read_frame
from web.portal.forms import Submitted, refused, submitted
from web.portal.holdings import Holdings, read_holdings
from web.portal.negotiating import term_groups
from web.portal.page import Page, PageRequest, language_of, see
from web.portal.quote_asked import (
    components,
    listed_of,
    meters,
    plan_choices,
    quote_asked,
    seasons,
)
from web.portal.quotes import quote_sheet
from web.portal.views.shell import Form
from web.portal.views.terms import QuoteForm

VALID_FOR = timedelta(days=30)
"""For how long a quote is good, unless somebody says otherwise."""


@get(f"{URL}/quotes/new", opt=ACT, include_in_schema=False)
async def quote_form_page(
    request: PageRequest, tenant_id: FromPath[str], application: NamedDependency[Application]
) -> Page:
    """Ask for a plan, and then for everything that is offered with it."""
    chosen = request.query_params.get("plan", "")
    return await _asking(request, application, owner_of(tenant_id), chosen, Form())


async def _asking(
    request: PageRequest,
    application: Application,
    owner: TenantId,
    chosen: str,
    form: Form,
    status: int = 200,
) -> Page:
    language = language_of(request)
    async with application.work(owner):
        frame = await read_frame(application, owner, "subscriptions", language)
        holdings = await read_holdings(application, owner)
    return await customer_page(
        request,
        application,
        frame,
        "finance/quote_form.html",
        form=form,
        status=status,
        view=_form_view(holdings, chosen, language),
    )


def _form_view(holdings: Holdings, chosen: str, language: str) -> QuoteForm:
    plans = plan_choices(holdings, chosen, language)
    listed = listed_of(holdings, chosen)
    if listed is None:
        return QuoteForm(plans, "")
    until = local_date(holdings.now + VALID_FOR, holdings.organisation.zone)
    return QuoteForm(
        plans=plans,
        chosen=chosen,
        components=components(listed, language),
        groups=term_groups(listed, None, language),
        addons=seasons(listed, language),
        meters=meters(listed, language),
        valid_until=until.isoformat(),
    )


@post(f"{URL}/quotes/preview", opt=ACT, status_code=200, include_in_schema=False)
async def preview_quote(
    request: PageRequest, tenant_id: FromPath[str], application: NamedDependency[Application]
) -> Page:
    """Show the quote as the customer will read it; nothing is kept or sent."""
    form, owner, language = await submitted(request), owner_of(tenant_id), language_of(request)
    try:
        holdings = await read_holdings(application, owner)
        quote = await application.make_quote.preview(
            tenant_id=owner,
            wanted=quote_asked(form, holdings),
            actor=principal(request).actor,
        )
    except TallyardError as error:
        return await _refused(request, application, owner, form, error)
    frame = await read_frame(application, owner, "subscriptions", language)
    return await customer_page(
        request,
        application,
        frame,
        "finance/quote_preview.html",
        quote=quote_sheet(ListedQuote(quote, QuoteState.OPEN), language),
        fields=tuple((n, v) for n, v in form.shown_again.items() if v),
    )


@post(f"{URL}/quotes/form", opt=ACT, status_code=200, include_in_schema=False)
async def change_quote(
    request: PageRequest, tenant_id: FromPath[str], application: NamedDependency[Application]
) -> Page:
    """Show the form again as it was filled in."""
    form = await submitted(request)
    owner, again = owner_of(tenant_id), Form(form.shown_again)
    return await _asking(request, application, owner, form.one("plan"), again)


async def _refused(
    request: PageRequest,
    application: Application,
    owner: TenantId,
    form: Submitted,
    error: TallyardError,
) -> Page:
    again, status = refused(error, form, language_of(request))
    return await _asking(request, application, owner, form.one("plan"), again, status)


@post(f"{URL}/quotes", opt=ACT, status_code=303, include_in_schema=False)
async def send_quote(
    request: PageRequest, tenant_id: FromPath[str], application: NamedDependency[Application]
) -> Page | Redirect:
    """Freeze the quote under a number; the customer is mailed and finds it in the portal."""
    form, owner = await submitted(request), owner_of(tenant_id)
    try:
        holdings = await read_holdings(application, owner)
        made = await application.make_quote(
            tenant_id=owner,
            wanted=quote_asked(form, holdings),
            actor=principal(request).actor,
        )
    except TallyardError as error:
        return await _refused(request, application, owner, form, error)
    address = f"/finance/customers/{tenant_id}/quotes/{format_id('quo', made.id)}"
    return see(address, done="quoted")


@get(f"{URL}/quotes/{{quote_id:str}}", opt=ACT, include_in_schema=False)
async def customer_quote_page(
    request: PageRequest,
    tenant_id: FromPath[str],
    quote_id: FromPath[str],
    application: NamedDependency[Application],
) -> Page:
    """Show one quote, and record in the audit trail that it was looked at."""
    owner = owner_of(tenant_id)
    opened = format_id("quo", quote_id_from(quote_id))
    async with opened_by_staff(request, application, owner, "quote", opened):
        return await _shown(request, application, owner, quote_id, Form())


async def _shown(
    request: PageRequest,
    application: Application,
    owner: TenantId,
    quote_id: str,
    form: Form,
    status: int = 200,
) -> Page:
    language = language_of(request)
    async with application.work(owner):
        found = await application.get_quote(tenant_id=owner, quote_id=quote_id_from(quote_id))
        frame = await read_frame(application, owner, "subscriptions", language)
    return await customer_page(
        request,
        application,
        frame,
        "finance/quote.html",
        form=form,
        status=status,
        quote=quote_sheet(found, language),
    )


@post(
    f"{URL}/quotes/{{quote_id:str}}/withdrawal",
    opt=ACT,
    status_code=303,
    include_in_schema=False,
)
async def withdraw_quote(
    request: PageRequest,
    tenant_id: FromPath[str],
    quote_id: FromPath[str],
    application: NamedDependency[Application],
) -> Page | Redirect:
    """Take an open quote back."""
    owner = owner_of(tenant_id)
    try:
        await application.close_quote(
            tenant_id=owner,
            quote_id=quote_id_from(quote_id),
            actor=principal(request).actor,
            staff=True,
        )
    except TallyardError as error:
        again, status = refused(error, Submitted({}), language_of(request))
        return await _shown(request, application, owner, quote_id, again, status)
    return see(f"/finance/customers/{tenant_id}/subscriptions", done="withdrawn")
