"""The first page: modules, usage so far, the next invoice, the seasons ahead."""

from datetime import timedelta

from litestar import get
from litestar.di import NamedDependency

from billing.domain.items import PolicyBook
from billing.domain.records import InvoiceState
from billing.repositories.invoices import InvoiceFilter
from billing.services.list_subscriptions import SubscriptionView, fee_due
from control_plane.identity.domain import Permission
from control_plane.kernel.ids import TenantId, format_id
from control_plane.kernel.money import Money
from control_plane.subscriptions.domain import Segment
from web.api.common import tenant
from web.compose import Application
from web.portal.addons import addon_cards, year_of
from web.portal.consumption import anything, shown_period, usage_series
from web.portal.holdings import Holdings, current_period, current_plan, read_holdings
from web.portal.offers import module_names
from web.portal.page import Page, PageRequest, language_of, page
from web.portal.views.subscriptions import AddonCard
from web.portal.views.usage import (
    HomeView,
    ModuleStatus,
    NextInvoice,
    OpenInvoice,
    SeasonAhead,
    UsageSeries,
)

REMOVED = "removed"
MOST_OPEN_INVOICES = 3


@get("/portal", opt={"permission": Permission.SUBSCRIPTION_READ}, include_in_schema=False)
async def home_page(request: PageRequest, application: NamedDependency[Application]) -> Page:
    """Show how things stand, in one transaction."""
    tenant_id, language = tenant(request), language_of(request)
    async with application.work(tenant_id):
        holdings = await read_holdings(application, tenant_id)
        account = await application.read_billing_terms(tenant_id)
        modules = await _modules(application, tenant_id, holdings, language)
        view = HomeView(
            plans=tuple(current_plan(s, language) for s in holdings.alive),
            modules=modules,
            usage=await _usage(application, tenant_id, holdings, language),
            period=current_period(holdings.alive[0]) if holdings.alive else None,
            next_invoice=_next_invoice(holdings, PolicyBook(account.policies if account else {})),
            open_invoices=await _open(application, tenant_id),
            seasons=_seasons(addon_cards(holdings, language), holdings),
            year=year_of(holdings, language) if holdings.catalog.addons else None,
        )
        return await page(request, application, "portal/home.html", "home", view=view)


async def _modules(
    application: Application, tenant_id: TenantId, holdings: Holdings, language: str
) -> tuple[ModuleStatus, ...]:
    instances = await application.provisioner.list_instances(tenant_id)
    states = {i.module: i.state for i in reversed(instances) if i.state != REMOVED}
    held = dict.fromkeys(m for s in holdings.alive for m in s.plan.modules)
    return tuple(
        ModuleStatus(name, code, states.get(code, "pending"))
        for code, name in zip(
            held, module_names(tuple(held), holdings.catalog, language), strict=True
        )
    )


async def _usage(
    application: Application, tenant_id: TenantId, holdings: Holdings, language: str
) -> tuple[UsageSeries, ...]:
    if not holdings.alive:
        return ()
    period = shown_period(
        current_period(holdings.alive[0]), holdings.now, holdings.organisation.zone
    )
    series = await usage_series(application, tenant_id, holdings, period, language, height=150)
    return series if anything(series) else ()


def _next_invoice(holdings: Holdings, book: PolicyBook) -> NextInvoice | None:
    """Say when the next invoice falls due, with the fees that are known already."""
    due_at = holdings.next_due_at
    if due_at is None:
        return None
    fees = [
        fee
        for subscription in holdings.alive
        if (segment := subscription.timeline.segment_at(due_at)) is not None
        and segment.anchor.period_at(due_at).start == due_at
        and (fee := _fee(subscription, segment, book)) is not None
    ]
    fee = Money.total(fees, holdings.currency) if fees else None
    return NextInvoice(due_at=due_at, fee=fee)


def _fee(subscription: SubscriptionView, segment: Segment, book: PolicyBook) -> Money | None:
    plan = subscription.versions.plans[segment.plan_version_id]
    return fee_due(plan, subscription.currency, segment, book)


async def _open(application: Application, tenant_id: TenantId) -> tuple[OpenInvoice, ...]:
    wanted = InvoiceFilter(unpaid=True, limit=MOST_OPEN_INVOICES)
    found = await application.list_invoices(tenant_id, wanted)
    return tuple(
        OpenInvoice(
            invoice_id=format_id("inv", invoice.id),
            number=invoice.number,
            total=invoice.total,
            issued_at=invoice.due_at,
            payable_by=invoice.payable_by,
            overdue=invoice.state is InvoiceState.OVERDUE,
        )
        for invoice in found
    )


def _seasons(cards: tuple[AddonCard, ...], holdings: Holdings) -> tuple[SeasonAhead, ...]:
    booked = {(c.season, c.window) for c in cards if c.state in {"booked", "active"}}
    return tuple(
        SeasonAhead(
            name=season,
            window=window,
            days_ahead=max(0, -(-(window.start - holdings.now) // timedelta(days=1))),
            booked=(season, window) in booked,
        )
        for season, window in dict.fromkeys((card.season, card.window) for card in cards)
    )
