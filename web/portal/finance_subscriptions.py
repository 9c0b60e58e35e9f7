"""Finance: a customer's subscriptions and quotes, and terms that are negotiated for one."""

from collections.abc import Mapping

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from billing.domain.life.requests import Moment, TermsWanted
from billing.errors import PreviewStale
from billing.services.list_subscriptions import SubscriptionView
from control_plane.kernel.errors import TallyardError
from control_plane.kernel.ids import SubscriptionId, TenantId, format_id
from control_plane.subscriptions.domain import Status
from control_plane.subscriptions.errors import SubscriptionNotFound
from web.api.common import choice_from, id_from, principal
from web.compose import Application
from web.i18n import N_, translate
from web.openings import opened_by_staff
from web.portal.customer_frame import ACT, URL, customer_page, owner_of, read_frame
from web.portal.forms import Submitted, refused, submitted
from web.portal.holdings import Holdings, read_holdings
from web.portal.negotiating import Listed, end_text, term_groups, terms_asked
from web.portal.page import Page, PageRequest, language_of, see
from web.portal.previews import preview_page
from web.portal.quotes import quote_sheet
from web.portal.standing import STATES
from web.portal.views.shell import Form
from web.portal.views.terms import HeldRow, NegotiateView, QuoteRow

TERMS = f"{URL}/subscriptions/{{subscription_id:str}}/terms"
_HINT = N_("The customer sees the reason. Terms end with the plan, or on the day you name.")


@get(f"{URL}/subscriptions", opt=ACT, include_in_schema=False)
async def subscriptions_page(
    request: PageRequest, tenant_id: FromPath[str], application: NamedDependency[Application]
) -> Page:
    """Show subscriptions and quotes, and record in the audit trail that they were looked at."""
    owner, language = owner_of(tenant_id), language_of(request)
    async with opened_by_staff(request, application, owner, "subscriptions"):
        frame = await read_frame(application, owner, "subscriptions", language)
        held = await application.list_subscriptions(owner)
        quotes = [quote_sheet(q, language) for q in await application.list_quotes(owner)]
    return await customer_page(
        request,
        application,
        frame,
        "finance/subscriptions.html",
        held=tuple(_row(one, language) for one in held),
        quotes=tuple(
            QuoteRow(q.quote_id, q.number, q.plan, q.total, q.valid_until, q.staff_badge)
            for q in quotes
        ),
    )


def _row(found: SubscriptionView, language: str) -> HeldRow:
    return HeldRow(
        subscription_id=format_id("sub", found.id),
        plan=found.plan.name.in_language(language),
        interval=found.interval.value,
        count=found.count,
        fee=found.fee,
        state="paused" if found.paused else STATES[found.status],
        negotiated=None if found.terms is None else found.terms.reason,
        alive=found.status is not Status.ENDED,
    )


def _find(holdings: Holdings, subscription_id: str) -> SubscriptionView:
    wanted = SubscriptionId(id_from("sub", subscription_id))
    found = next((one for one in holdings.subscriptions if one.id == wanted), None)
    if found is None:
        raise SubscriptionNotFound(subscription_id=subscription_id)
    return found


async def _listed(
    application: Application, owner: TenantId, subscription_id: str
) -> tuple[SubscriptionView, Listed]:
    holdings = await read_holdings(application, owner)
    found = _find(holdings, subscription_id)
    price = found.plan.price(found.currency, found.interval, found.count)
    return found, Listed(found.plan, price, holdings.catalog, holdings.organisation.zone)


@get(TERMS, opt=ACT, include_in_schema=False)
async def negotiate_page(
    request: PageRequest,
    tenant_id: FromPath[str],
    subscription_id: FromPath[str],
    application: NamedDependency[Application],
) -> Page:
    """Show the numbers of a price, each with the one that is kept; the record tells who looked."""
    owner = owner_of(tenant_id)
    async with opened_by_staff(request, application, owner, "subscriptions"):
        return await _negotiate(request, application, owner, subscription_id, Form())


async def _negotiate(
    request: PageRequest,
    application: Application,
    owner: TenantId,
    subscription_id: str,
    form: Form,
    status: int = 200,
) -> Page:
    language = language_of(request)
    async with application.work(owner):
        frame = await read_frame(application, owner, "subscriptions", language)
        found, listed = await _listed(application, owner, subscription_id)
    kept = found.terms
    commitment = None if kept is None else kept.commitment
    view = NegotiateView(
        subscription_id=subscription_id,
        plan=found.plan.name.in_language(language),
        groups=term_groups(listed, kept, language),
        commitment="" if commitment is None else commitment.amount.decimal_text(),
        reason="" if kept is None else kept.reason,
        end=end_text(kept, frame.zone),
        negotiated=kept is not None,
    )
    return await customer_page(
        request,
        application,
        frame,
        "finance/negotiate.html",
        form=form,
        status=status,
        view=view,
    )


@get(f"{TERMS}/preview", opt=ACT, include_in_schema=False)
async def preview_terms(
    request: PageRequest,
    tenant_id: FromPath[str],
    subscription_id: FromPath[str],
    application: NamedDependency[Application],
) -> Page:
    """Show exactly what the terms would do."""
    form = Submitted({name: [value] for name, value in request.query_params.items()})
    return await _previewed(request, application, owner_of(tenant_id), subscription_id, form)


async def _previewed(
    request: PageRequest,
    application: Application,
    owner: TenantId,
    subscription_id: str,
    form: Submitted,
    *,
    stale: bool = False,
) -> Page:
    language = language_of(request)
    try:
        wanted = await _wanted(application, owner, subscription_id, form)
        shown = await application.preview_change(
            tenant_id=owner,
            subscription_id=SubscriptionId(id_from("sub", subscription_id)),
            request=wanted,
            staff=True,
        )
    except TallyardError as error:
        again, status = refused(error, form, language)
        return await _negotiate(request, application, owner, subscription_id, again, status)
    frame = await read_frame(application, owner, "subscriptions", language)
    address = f"{frame.base}/subscriptions/{subscription_id}/terms"
    title = N_("List prices for {plan}") if wanted.terms is None else N_("Terms for {plan}")
    view = preview_page(
        shown,
        language,
        title=translate(language, title, plan=shown.after.plan.name.in_language(language)),
        action=address,
        fields=tuple(_sent(form).items()),
        back=address,
        hint=translate(language, _HINT),
        stale=stale,
    )
    return await customer_page(
        request,
        application,
        frame,
        "portal/preview.html",
        status=409 if stale else 200,
        view=view,
    )


def _sent(form: Submitted) -> Mapping[str, str]:
    return {
        name: form.one(name)
        for name in form.fields
        if not name.startswith("_") and name != "token" and form.one(name)
    }


async def _wanted(
    application: Application, owner: TenantId, subscription_id: str, form: Submitted
) -> TermsWanted:
    _, listed = await _listed(application, owner, subscription_id)
    when = choice_from(Moment, form.one("when") or Moment.NOW.value, field="when")
    return TermsWanted(None if form.one("listed") else terms_asked(form, listed), when)


@post(TERMS, opt=ACT, status_code=303, include_in_schema=False)
async def set_terms(
    request: PageRequest,
    tenant_id: FromPath[str],
    subscription_id: FromPath[str],
    application: NamedDependency[Application],
) -> Page | Redirect:
    """Keep the terms exactly as shown; when that no longer holds, show a fresh preview."""
    form, owner = await submitted(request), owner_of(tenant_id)
    try:
        await application.confirm_change(
            tenant_id=owner,
            subscription_id=SubscriptionId(id_from("sub", subscription_id)),
            request=await _wanted(application, owner, subscription_id, form),
            token=form.one("token"),
            actor=principal(request).actor,
            staff=True,
        )
    except PreviewStale:
        return await _previewed(request, application, owner, subscription_id, form, stale=True)
    except TallyardError as error:
        again, status = refused(error, form, language_of(request))
        return await _negotiate(request, application, owner, subscription_id, again, status)
    return see(f"/finance/customers/{tenant_id}/subscriptions", done="made")
