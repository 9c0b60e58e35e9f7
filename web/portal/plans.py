"""Plans: compare, preview to the cent, confirm."""

from dataclasses import dataclass, replace

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Redirect

from billing.changing import Changed
from billing.domain.life.requests import PlanWanted, Request, StartWanted
from billing.errors import PreviewStale
from control_plane.identity.domain import Permission
from control_plane.kernel.calendar import Interval
from control_plane.kernel.errors import TallyardError
from control_plane.kernel.ids import SubscriptionId, TenantId, format_id
from web.api.common import id_from, principal, tenant
from web.compose import Application
from web.i18n import N_, translate
from web.portal.changed import see_changed
from web.portal.comparisons import read_comparison
from web.portal.cycles import cycle_key, cycle_tabs, read_cycle
from web.portal.forms import refused, submitted
from web.portal.holdings import Holdings, current_plan, read_holdings
from web.portal.offers import plan_card
from web.portal.page import Page, PageRequest, language_of, page, query
from web.portal.previews import preview_page as lay_preview
from web.portal.views.life import PreviewView
from web.portal.views.shell import Form
from web.portal.views.subscriptions import PlansView
from web.portal.views.whatif import ComparisonView

READ = {"permission": Permission.SUBSCRIPTION_READ}
PREVIEW = {"permission": Permission.SUBSCRIPTION_CHANGE}
CHANGE = {"permission": Permission.SUBSCRIPTION_CHANGE}


@get("/portal/plans", opt=READ, include_in_schema=False)
async def plans_page(
    request: PageRequest,
    application: NamedDependency[Application],
    interval: FromQuery[str | None] = None,
    subscription: FromQuery[str | None] = None,
) -> Page:
    """Show what is held and what is on sale."""
    holdings = await read_holdings(application, tenant(request))
    view = _plans_view(holdings, language_of(request), interval, subscription)
    compared = view.changing or next((plan.subscription_id for plan in view.held), None)
    if compared is not None:
        view = replace(view, comparison=await _comparison(request, application, holdings, compared))
    return await page(request, application, "portal/plans.html", "plans", view=view, form=Form())


async def _comparison(
    request: PageRequest, application: Application, holdings: Holdings, compared: str
) -> ComparisonView | None:
    return await read_comparison(
        application,
        tenant(request),
        SubscriptionId(id_from("sub", compared)),
        holdings.catalog,
        language_of(request),
    )


def _plans_view(
    holdings: Holdings, language: str, interval: str | None, subscription: str | None
) -> PlansView:
    held = tuple(current_plan(subscription, language) for subscription in holdings.alive)
    open_ids = [plan.subscription_id for plan in held if plan.ends_at is None]
    changing = subscription if subscription in open_ids else next(iter(open_ids), None)
    chosen = next((s for s in holdings.alive if format_id("sub", s.id) == changing), None)
    code_and_interval = None
    if chosen is not None:
        code_and_interval = (chosen.plan.code, cycle_key(chosen.interval, chosen.count))
    shown = interval or (code_and_interval[1] if code_and_interval else Interval.MONTH.value)
    cards = tuple(
        plan_card(plan, holdings.catalog, holdings.currency, language, code_and_interval)
        for plan in holdings.catalog.plans.values()
    )
    cycles = cycle_tabs(
        (
            (price.interval, price.count)
            for plan in holdings.catalog.plans.values()
            for price in plan.prices
            if price.currency == holdings.currency
        ),
        language,
    )
    return PlansView(cards, shown, cycles, held, changing)


@get("/portal/plans/preview", opt=PREVIEW, include_in_schema=False)
async def preview_page(
    request: PageRequest,
    application: NamedDependency[Application],
    plan: FromQuery[str],
    interval: FromQuery[str],
    subscription: FromQuery[str | None] = None,
) -> Page:
    """Show everything a start or a change would do and cost."""
    asked = _Asked(plan, interval, subscription or None)
    view = await _previewed(application, tenant(request), language_of(request), asked)
    return await page(request, application, "portal/preview.html", "plans", view=view, form=Form())


@dataclass(frozen=True, slots=True)
class _Asked:
    """A plan at a cycle, to start with, or for ``subscription`` to change to."""

    plan: str
    interval: str
    subscription: str | None

    @property
    def request(self) -> Request:
        every, count = read_cycle(self.interval)
        if self.subscription is None:
            return StartWanted(self.plan, every, count)
        return PlanWanted(self.plan, every, count)

    @property
    def subscription_id(self) -> SubscriptionId | None:
        if self.subscription is None:
            return None
        return SubscriptionId(id_from("sub", self.subscription))


async def _previewed(
    application: Application,
    tenant_id: TenantId,
    language: str,
    asked: _Asked,
    *,
    stale: bool = False,
) -> PreviewView:
    shown = await application.preview_change(
        tenant_id=tenant_id, subscription_id=asked.subscription_id, request=asked.request
    )
    title = N_("Start {plan}") if asked.subscription is None else N_("Change to {plan}")
    place = {"interval": asked.interval, "subscription": asked.subscription}
    return lay_preview(
        shown,
        language,
        title=translate(language, title, plan=shown.after.plan.name.in_language(language)),
        action="/portal/plans/confirmation",
        fields=(
            ("plan", asked.plan),
            ("interval", asked.interval),
            ("subscription", asked.subscription or ""),
        ),
        back=query("/portal/plans", place),
        stale=stale,
    )


@post("/portal/plans/confirmation", opt=CHANGE, status_code=303, include_in_schema=False)
async def confirm(
    request: PageRequest, application: NamedDependency[Application]
) -> Page | Redirect:
    """Do exactly what was previewed; when that no longer holds, show a fresh preview."""
    form = await submitted(request)
    tenant_id, language = tenant(request), language_of(request)
    asked = _Asked(form.one("plan"), form.one("interval"), form.one("subscription") or None)
    shown = Form()
    try:
        changed = await application.confirm_change(
            tenant_id=tenant_id,
            subscription_id=asked.subscription_id,
            request=asked.request,
            token=form.one("token"),
            actor=principal(request).actor,
        )
        return _done(changed, asked)
    except PreviewStale:
        stale, status = True, 409
    except TallyardError as error:
        (shown, status), stale = refused(error, form, language), False
    view = await _previewed(application, tenant_id, language, asked, stale=stale)
    return await page(
        request, application, "portal/preview.html", "plans", status=status, view=view, form=shown
    )


def _done(changed: Changed, asked: _Asked) -> Redirect:
    if asked.subscription is None:
        done = "started"
    else:
        done = "changed" if changed.invoices or changed.notes else "scheduled"
    return see_changed(changed, "/portal/plans", done=done)
