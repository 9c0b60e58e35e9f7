"""Plans: compare, preview to the cent, confirm, cancel."""

from dataclasses import replace

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from billing.domain.change_rule import ChangeTiming
from billing.domain.rating import InvoiceLine
from billing.errors import PreviewStale
from billing.services.preview_plan_change import PlanChangePreview
from billing.services.preview_start import StartPreview
from control_plane.identity.domain import Permission
from control_plane.kernel.calendar import Interval
from control_plane.kernel.errors import TallyardError
from control_plane.kernel.ids import SubscriptionId, TenantId, format_id
from web.api.common import choice_from, id_from, principal, tenant
from web.compose import Application
from web.i18n import N_, translate
from web.portal.forms import refused, submitted
from web.portal.holdings import Holdings, current_plan, read_holdings
from web.portal.offers import plan_card
from web.portal.page import Page, PageRequest, language_of, page, query, see
from web.portal.views.shell import Form
from web.portal.views.subscriptions import PlansView, PreviewLine, PreviewView

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
    return await page(request, application, "portal/plans.html", "plans", view=view, form=Form())


def _plans_view(
    holdings: Holdings, language: str, interval: str | None, subscription: str | None
) -> PlansView:
    held = tuple(current_plan(subscription, language) for subscription in holdings.alive)
    open_ids = [plan.subscription_id for plan in held if plan.ends_at is None]
    changing = subscription if subscription in open_ids else next(iter(open_ids), None)
    chosen = next((s for s in holdings.alive if format_id("sub", s.id) == changing), None)
    code_and_interval = None
    if chosen is not None:
        code_and_interval = (chosen.plan.code, chosen.interval.value)
    shown = interval or (code_and_interval[1] if code_and_interval else Interval.MONTH.value)
    cards = tuple(
        plan_card(plan, holdings.catalog, holdings.currency, language, code_and_interval)
        for plan in holdings.catalog.plans.values()
    )
    return PlansView(plans=cards, interval=shown, held=held, changing=changing)


@get("/portal/plans/preview", opt=PREVIEW, include_in_schema=False)
async def preview_page(
    request: PageRequest,
    application: NamedDependency[Application],
    plan: FromQuery[str],
    interval: FromQuery[str],
    subscription: FromQuery[str | None] = None,
) -> Page:
    """Show the exact lines of a start or a change."""
    view = await plan_preview(
        application, tenant(request), language_of(request), plan, interval, subscription
    )
    return await page(request, application, "portal/preview.html", "plans", view=view, form=Form())


async def plan_preview(
    application: Application,
    tenant_id: TenantId,
    language: str,
    plan: str,
    interval: str,
    subscription: str | None,
    *,
    stale: bool = False,
) -> PreviewView:
    """Preview a new subscription, or the change of ``subscription``."""
    every = choice_from(Interval, interval, field="interval")
    fields = (("plan", plan), ("interval", interval), ("subscription", subscription or ""))
    if not subscription:
        start = await application.preview_start(tenant_id=tenant_id, plan_code=plan, interval=every)
        view = start_preview(start, language, fields)
    else:
        change = await application.preview_plan_change(
            tenant_id=tenant_id,
            subscription_id=SubscriptionId(id_from("sub", subscription)),
            plan_code=plan,
            interval=every,
        )
        back = query("/portal/plans", {"interval": interval, "subscription": subscription})
        view = change_preview(change, language, fields, back)
    return replace(view, stale=stale)


def start_preview(
    start: StartPreview, language: str, fields: tuple[tuple[str, str], ...]
) -> PreviewView:
    """Show what a new subscription's first invoice would hold."""
    name = start.plan.name.in_language(language)
    return PreviewView(
        title=translate(language, N_("Start {plan}"), plan=name),
        action="/portal/plans/confirmation",
        fields=fields,
        token=start.token,
        lines=preview_lines(start.lines, language),
        total=start.total,
        effective_at=start.starts_at,
        at_once=True,
        back="/portal/plans",
        interval=start.interval.value,
    )


def change_preview(
    change: PlanChangePreview, language: str, fields: tuple[tuple[str, str], ...], back: str
) -> PreviewView:
    """Show what a plan change would charge, and what recurs before and after it."""
    after = change.plan_after.name.in_language(language)
    same_interval = change.interval_before == change.interval_after
    return PreviewView(
        title=translate(language, N_("Change to {plan}"), plan=after),
        action="/portal/plans/confirmation",
        fields=fields,
        token=change.token,
        lines=preview_lines(change.lines, language),
        total=change.total,
        effective_at=change.effective_at,
        at_once=change.timing is ChangeTiming.AT_ONCE,
        back=back,
        old_name=change.plan_before.name.in_language(language),
        old_fee=change.fee_before if same_interval else None,
        new_name=after,
        new_fee=change.fee_after,
        interval=change.interval_after.value,
    )


def preview_lines(lines: tuple[InvoiceLine, ...], language: str) -> tuple[PreviewLine, ...]:
    """Show lines as they would be invoiced."""
    return tuple(
        PreviewLine(line_title(line, language), line.amount, line.service) for line in lines
    )


def line_title(line: InvoiceLine, language: str) -> str:
    """Name a line as the invoice does: the item and the charge, once if they are the same."""
    item, name = line.item_name.in_language(language), line.name.in_language(language)
    return item if item == name else f"{item} · {name}"


@post("/portal/plans/confirmation", opt=CHANGE, status_code=303, include_in_schema=False)
async def confirm(
    request: PageRequest, application: NamedDependency[Application]
) -> Page | Redirect:
    """Do exactly what was previewed; when that no longer holds, show a fresh preview."""
    form = await submitted(request)
    tenant_id, language = tenant(request), language_of(request)
    plan, interval = form.one("plan"), form.one("interval")
    subscription = form.one("subscription") or None
    shown = Form()
    try:
        return await _confirm(request, application, plan, interval, subscription, form.one("token"))
    except PreviewStale:
        stale, status = True, 409
    except TallyardError as error:
        (shown, status), stale = refused(error, form, language), False
    view = await plan_preview(
        application, tenant_id, language, plan, interval, subscription, stale=stale
    )
    return await page(
        request, application, "portal/preview.html", "plans", status=status, view=view, form=shown
    )


async def _confirm(
    request: PageRequest,
    application: Application,
    plan: str,
    interval: str,
    subscription: str | None,
    token: str,
) -> Redirect:
    every = choice_from(Interval, interval, field="interval")
    if subscription is None:
        changed = await application.start_subscription(
            tenant_id=tenant(request),
            plan_code=plan,
            interval=every,
            token=token,
            actor=principal(request).actor,
        )
        done = "started"
    else:
        changed = await application.change_plan(
            tenant_id=tenant(request),
            subscription_id=SubscriptionId(id_from("sub", subscription)),
            plan_code=plan,
            interval=every,
            token=token,
            actor=principal(request).actor,
        )
        done = "changed" if changed.invoice else "scheduled"
    if changed.invoice is not None:
        return see(f"/portal/invoices/{format_id('inv', changed.invoice.id)}", done=done)
    return see("/portal/plans", done=done)


@post(
    "/portal/subscriptions/{subscription_id:str}/cancellation",
    opt=CHANGE,
    status_code=303,
    include_in_schema=False,
)
async def cancel(
    request: PageRequest,
    subscription_id: FromPath[str],
    application: NamedDependency[Application],
) -> Redirect:
    """Let the plan run out at the end of its period."""
    await application.cancel_subscription(
        tenant_id=tenant(request),
        subscription_id=SubscriptionId(id_from("sub", subscription_id)),
        actor=principal(request).actor,
    )
    return see("/portal/plans", done="cancelled")
