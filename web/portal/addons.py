"""Peak seasons: what is ahead, what is booked, and booking with a preview."""

from dataclasses import replace
from datetime import date

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Redirect

from billing.domain.life.requests import BookingWanted
from billing.errors import PreviewStale
from billing.services.list_subscriptions import BookedAddon
from control_plane.catalog.domain import AddonVersion
from control_plane.identity.domain import Permission
from control_plane.kernel.calendar import local_date
from control_plane.kernel.errors import TallyardError
from control_plane.kernel.ids import SubscriptionId, TenantId, format_id
from control_plane.kernel.period import Period
from control_plane.kernel.seasons import SeasonOver, next_window, season_window
from control_plane.subscriptions.domain import Status
from web.api.common import id_from, principal, tenant
from web.compose import Application
from web.i18n import N_, translate
from web.portal.addon_terms import addon_notes
from web.portal.changed import see_changed
from web.portal.charts import YearStrip, year_strip
from web.portal.forms import refused, submitted
from web.portal.holdings import Holdings, read_holdings
from web.portal.offers import limit_lines, module_names
from web.portal.page import Page, PageRequest, language_of, page
from web.portal.previews import preview_page as lay_preview
from web.portal.views.life import PreviewView
from web.portal.views.shell import Form
from web.portal.views.subscriptions import AddonCard, AddonsView

CHANGE = {"permission": Permission.SUBSCRIPTION_CHANGE}


@get("/portal/addons", opt={"permission": Permission.SUBSCRIPTION_READ}, include_in_schema=False)
async def addons_page(request: PageRequest, application: NamedDependency[Application]) -> Page:
    """Show the year, the add-ons on sale and the bookings made."""
    holdings = await read_holdings(application, tenant(request))
    language = language_of(request)
    view = AddonsView(
        addons=addon_cards(holdings, language),
        year=year_of(holdings, language),
        past=_booked(holdings, language),
    )
    return await page(request, application, "portal/addons.html", "addons", view=view)


def addon_cards(holdings: Holdings, language: str) -> tuple[AddonCard, ...]:
    """Describe the add-ons sold in the organisation's currency, the next window first."""
    cards = []
    for addon in holdings.catalog.addons.values():
        window = _next_window(holdings, addon)
        if window is not None and holdings.currency.code in addon.prices:
            cards.append(_card(holdings, addon, window, language))
    return tuple(sorted(cards, key=lambda card: card.window.start))


def _next_window(holdings: Holdings, addon: AddonVersion) -> Period | None:
    try:
        return next_window(holdings.catalog.season(addon.season), holdings.now)
    except SeasonOver:
        return None


def _card(holdings: Holdings, addon: AddonVersion, window: Period, language: str) -> AddonCard:
    booked = any(
        booking.addon.code == addon.code and booking.window == window and not _given_up(booking)
        for booking in holdings.bookings
    )
    host = next(
        (
            subscription
            for subscription in holdings.alive
            if subscription.ends_at is None
            and set(addon.requires) <= set(subscription.plan.modules)
        ),
        None,
    )
    if booked:
        state = "active" if window.contains(holdings.now) else "booked"
    else:
        state = "unavailable" if host is None else "open"
    return AddonCard(
        code=addon.code,
        name=addon.name.in_language(language),
        season=season_name(holdings, addon.season, language),
        window=window,
        grants=limit_lines(addon.grants, holdings.catalog, language),
        price=addon.price(holdings.currency, _ahead(holdings, addon, window)),
        state=state,
        requires=module_names(addon.requires, holdings.catalog, language),
        subscription_id=None if host is None else format_id("sub", host.id),
        notes=addon_notes(addon, holdings.currency, language),
    )


def _ahead(holdings: Holdings, addon: AddonVersion, window: Period) -> int:
    """Count the days to a window's start, which early-bird prices go by."""
    zone = holdings.catalog.season(addon.season).zone
    return max(0, (local_date(window.start, zone) - local_date(holdings.now, zone)).days)


def season_name(holdings: Holdings, code: str, language: str) -> str:
    """Return the season's name in the reader's language."""
    season = holdings.catalog.season(code)
    return season.name_zh if language == "zh" else season.name_en


def _booked(holdings: Holdings, language: str) -> tuple[AddonCard, ...]:
    states = {Status.ENDED: "ended", Status.ACTIVE: "active", Status.SCHEDULED: "booked"}
    return tuple(
        AddonCard(
            code=booking.addon.code,
            name=booking.addon.name.in_language(language),
            season=season_name(holdings, booking.addon.season, language),
            window=booking.window,
            grants=(),
            price=booking.price,
            state="given_up" if _given_up(booking) else states[booking.status],
            subscription_id=_owner(holdings, booking),
        )
        for booking in holdings.bookings
    )


def _given_up(booking: BookedAddon) -> bool:
    return booking.cancelled_at is not None and booking.status is Status.ENDED


def _owner(holdings: Holdings, booking: BookedAddon) -> str:
    """Name the subscription that a booking is of."""
    found = (s for s in holdings.subscriptions if booking in s.addons)
    return format_id("sub", next(found).id)


def season_bands(
    holdings: Holdings, years: tuple[int, ...], language: str
) -> tuple[tuple[date, date, str, bool], ...]:
    """Return the seasons of years as (first day, day after, name, whether booked)."""
    codes = dict.fromkeys(addon.season for addon in holdings.catalog.addons.values())
    booked = {booking.window for booking in holdings.bookings if not _given_up(booking)}
    zone = holdings.organisation.zone
    bands = []
    for code in codes:
        for year in years:
            try:
                window = season_window(holdings.catalog.season(code), year)
            except SeasonOver:
                continue
            first, after = local_date(window.start, zone), local_date(window.end, zone)
            bands.append((first, after, season_name(holdings, code, language), window in booked))
    return tuple(bands)


def year_of(holdings: Holdings, language: str) -> YearStrip:
    """Lay out the current year with its seasons."""
    today = local_date(holdings.now, holdings.organisation.zone)
    return year_strip(today, season_bands(holdings, (today.year,), language))


@get("/portal/addons/preview", opt=CHANGE, include_in_schema=False)
async def preview_page(
    request: PageRequest,
    application: NamedDependency[Application],
    addon: FromQuery[str],
    subscription: FromQuery[str],
) -> Page:
    """Show the exact lines of a booking."""
    view = await _preview(application, tenant(request), language_of(request), addon, subscription)
    return await page(request, application, "portal/preview.html", "addons", view=view, form=Form())


async def _preview(
    application: Application,
    tenant_id: TenantId,
    language: str,
    addon: str,
    subscription: str,
    *,
    stale: bool = False,
) -> PreviewView:
    shown = await application.preview_change(
        tenant_id=tenant_id,
        subscription_id=SubscriptionId(id_from("sub", subscription)),
        request=BookingWanted(addon),
    )
    booked = shown.longer.addon_bookings()[-1]
    catalog = (await read_holdings(application, tenant_id)).catalog
    name = catalog.addon(addon).name.in_language(language)
    view = lay_preview(
        shown,
        language,
        title=translate(language, N_("Book {addon}"), addon=name),
        action="/portal/addons/confirmation",
        fields=(("addon", addon), ("subscription", subscription)),
        back="/portal/addons",
        stale=stale,
    )
    return replace(view, effective_at=booked.window.start, timing="on_date")


@post("/portal/addons/confirmation", opt=CHANGE, status_code=303, include_in_schema=False)
async def confirm(
    request: PageRequest, application: NamedDependency[Application]
) -> Page | Redirect:
    """Book exactly what was previewed; when that no longer holds, show a fresh preview."""
    form = await submitted(request)
    tenant_id, language = tenant(request), language_of(request)
    addon, subscription = form.one("addon"), form.one("subscription")
    shown = Form()
    try:
        changed = await application.confirm_change(
            tenant_id=tenant_id,
            subscription_id=SubscriptionId(id_from("sub", subscription)),
            request=BookingWanted(addon),
            token=form.one("token"),
            actor=principal(request).actor,
        )
    except PreviewStale:
        stale, status = True, 409
    except TallyardError as error:
        (shown, status), stale = refused(error, form, language), False
    else:
        return see_changed(changed, "/portal/addons", done="booked")
    view = await _preview(application, tenant_id, language, addon, subscription, stale=stale)
    return await page(
        request, application, "portal/preview.html", "addons", status=status, view=view, form=shown
    )
