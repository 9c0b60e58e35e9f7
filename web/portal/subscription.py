"""One subscription: how it stands, what happened, what is ahead, and everything it can be asked."""

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from billing.errors import PreviewStale
from billing.services.list_subscriptions import SubscriptionView
from control_plane.identity.domain import Permission
from control_plane.kernel.errors import TallyardError
from control_plane.kernel.ids import SubscriptionId, TenantId, format_id
from control_plane.subscriptions.errors import SubscriptionNotFound
from web.api.common import id_from, principal, tenant
from web.compose import Application
from web.portal.asking import asked_from, hint_of, title_of, with_fields
from web.portal.changed import see_changed
from web.portal.forms import Submitted, refused, submitted
from web.portal.holdings import Holdings, read_holdings
from web.portal.page import Page, PageRequest, language_of, page
from web.portal.previews import preview_page
from web.portal.standing import subscription_page
from web.portal.views.life import PreviewView
from web.portal.views.shell import Form

READ = {"permission": Permission.SUBSCRIPTION_READ}
CHANGE = {"permission": Permission.SUBSCRIPTION_CHANGE}


@get("/portal/subscriptions/{subscription_id:str}", opt=READ, include_in_schema=False)
async def show(
    request: PageRequest, subscription_id: FromPath[str], application: NamedDependency[Application]
) -> Page:
    """Show everything about one subscription."""
    holdings = await read_holdings(application, tenant(request))
    found = _find(holdings, subscription_id)
    view = subscription_page(holdings, found, language_of(request))
    return await page(
        request, application, "portal/subscription.html", "plans", view=view, form=Form()
    )


@get("/portal/subscriptions/{subscription_id:str}/preview", opt=CHANGE, include_in_schema=False)
async def preview(
    request: PageRequest, subscription_id: FromPath[str], application: NamedDependency[Application]
) -> Page:
    """Show exactly what a change would do; what cannot be done is told on the subscription."""
    fields = {name: value for name, value in request.query_params.items() if value}
    language = language_of(request)
    try:
        view = await _previewed(application, tenant(request), language, subscription_id, fields)
    except TallyardError as error:
        return await _told(request, application, subscription_id, error)
    return await page(request, application, "portal/preview.html", "plans", view=view, form=Form())


@post(
    "/portal/subscriptions/{subscription_id:str}/changes",
    opt=CHANGE,
    status_code=303,
    include_in_schema=False,
)
async def confirm(
    request: PageRequest, subscription_id: FromPath[str], application: NamedDependency[Application]
) -> Page | Redirect:
    """Do exactly what was previewed; when that no longer holds, show a fresh preview."""
    form = await submitted(request)
    fields = {
        name: form.one(name)
        for name in form.fields
        if not name.startswith("_") and name != "token" and form.one(name)
    }
    tenant_id, language = tenant(request), language_of(request)
    holdings = await read_holdings(application, tenant_id)
    found = _find(holdings, subscription_id)
    try:
        changed = await application.confirm_change(
            tenant_id=tenant_id,
            subscription_id=found.id,
            request=asked_from(fields, holdings, found),
            token=form.one("token"),
            actor=principal(request).actor,
        )
    except PreviewStale:
        view = await _previewed(
            application, tenant_id, language, subscription_id, fields, stale=True
        )
        return await page(
            request, application, "portal/preview.html", "plans", status=409, view=view, form=Form()
        )
    except TallyardError as error:
        return await _told(request, application, subscription_id, error)
    owner = format_id("sub", changed.subscription_id)
    return see_changed(changed, f"/portal/subscriptions/{owner}", done="made")


async def _previewed(
    application: Application,
    tenant_id: TenantId,
    language: str,
    subscription_id: str,
    fields: dict[str, str],
    *,
    stale: bool = False,
) -> PreviewView:
    holdings = await read_holdings(application, tenant_id)
    found = _find(holdings, subscription_id)
    shown = await application.preview_change(
        tenant_id=tenant_id,
        subscription_id=found.id,
        request=asked_from(fields, holdings, found),
    )
    address = f"/portal/subscriptions/{subscription_id}"
    return preview_page(
        shown,
        language,
        title=title_of(fields, holdings, found, language),
        action=f"{address}/changes",
        fields=with_fields(fields),
        back=address,
        hint=hint_of(fields, found, language),
        danger=fields.get("type") == "cancel",
        stale=stale,
    )


async def _told(
    request: PageRequest,
    application: Application,
    subscription_id: str,
    error: TallyardError,
) -> Page:
    """Show the subscription again, with why nothing was done."""
    language = language_of(request)
    holdings = await read_holdings(application, tenant(request))
    found = _find(holdings, subscription_id)
    shown, status = refused(error, Submitted({}), language)
    view = subscription_page(holdings, found, language)
    return await page(
        request,
        application,
        "portal/subscription.html",
        "plans",
        status=status,
        view=view,
        form=shown,
    )


def _find(holdings: Holdings, subscription_id: str) -> SubscriptionView:
    wanted = SubscriptionId(id_from("sub", subscription_id))
    for subscription in holdings.subscriptions:
        if subscription.id == wanted:
            return subscription
    raise SubscriptionNotFound(subscription_id=subscription_id)
