"""A subscription's page from what is held: its parts, its bookings, its story in words."""

from datetime import date, timedelta
from decimal import Decimal

from babel.dates import format_date

from billing.services.list_subscriptions import BookedAddon, SubscriptionView
from control_plane.kernel.calendar import Period, local_date
from control_plane.kernel.ids import ChangeId, format_id
from control_plane.subscriptions.codec import action_kind
from control_plane.subscriptions.domain import (
    BookAddon,
    CancelBooking,
    Change,
    ChangeBooking,
    ChangePlan,
    ChangeQuantity,
    ExtendTrial,
    SetTerms,
    Start,
    Status,
)
from web.i18n import LOCALES, N_, translate
from web.portal.asking import component_name
from web.portal.charts import YearStrip, year_strip
from web.portal.holdings import Holdings, current_plan
from web.portal.offers import module_names
from web.portal.views.life import BookingRow, ComponentRow, SubscriptionPage, TimelineRow
from web.portal.views.shell import Choice

STATES = {Status.ENDED: "ended", Status.ACTIVE: "active", Status.SCHEDULED: "booked"}
_MOMENTS = (
    ("now", N_("at once")),
    ("period_end", N_("at the end of the period")),
    ("date", N_("on a date")),
)
_WORDS = {
    "start": N_("Started on {plan}"),
    "change_plan": N_("Changed to {plan}"),
    "migration": N_("Moved to {plan} by the vendor"),
    "change_quantity": N_("{component} set to {quantity}"),
    "extend_trial": N_("Trial moved to {day}"),
    "pause": N_("Paused"),
    "resume": N_("Resumed"),
    "cancel": N_("Ends"),
    "reactivate": N_("Goes on after all"),
    "book_addon": N_("Booked {addon}, {window}"),
    "change_booking": N_("Moved {addon} to {window}"),
    "cancel_booking": N_("Gave up {addon}"),
    "set_terms": N_("Negotiated terms: {reason}"),
    "list_price": N_("List prices again"),
}
_REFUND = N_("Giving it up today returns {percent} %.")


def subscription_page(
    holdings: Holdings, found: SubscriptionView, language: str
) -> SubscriptionPage:
    """Lay out everything about one subscription."""
    terms = found.terms
    return SubscriptionPage(
        plan=current_plan(found, language),
        subscription_id=format_id("sub", found.id),
        status=found.status.value,
        paused=found.paused,
        trial_end=found.trial_end,
        started_at=found.started_at,
        next_invoice_at=found.next_invoice_at,
        components=_components(found, language),
        bookings=tuple(_booking(holdings, booked, language) for booked in found.addons),
        timeline=_timeline(holdings, found, language),
        year=_year(holdings, found, language),
        modules=module_names(found.plan.modules, holdings.catalog, language),
        moments=tuple(
            Choice(value, translate(language, words), value == "now") for value, words in _MOMENTS
        ),
        today=local_date(holdings.now, holdings.organisation.zone),
        terms_until=None if terms is None else terms.end,
        negotiated=terms is not None,
    )


def _components(found: SubscriptionView, language: str) -> tuple[ComponentRow, ...]:
    price = found.plan.price(found.currency, found.interval, found.count)
    if found.terms is not None:
        price = found.terms.applied(price)
    each = {c.quantity: c.amount for c in price.charges if c.quantity and c.amount is not None}
    return tuple(
        ComponentRow(code, component_name(found, code, language), quantity, each.get(code))
        for code, quantity in found.components.items()
    )


def _booking(holdings: Holdings, booked: BookedAddon, language: str) -> BookingRow:
    zone = holdings.catalog.season(booked.addon.season).zone
    first, last = _days(booked.window, zone)
    live = booked.cancelled_at is None and booked.status is not Status.ENDED
    refund = ""
    if live and booked.addon.cancellation:
        ahead = (first - local_date(holdings.now, zone)).days
        percent = booked.addon.refund_percent(max(ahead, 0))
        refund = translate(language, _REFUND, percent=_plain(percent))
    given_up = booked.cancelled_at is not None and booked.status is Status.ENDED
    return BookingRow(
        booking_id=format_id("chg", booked.booking_id),
        name=booked.addon.name.in_language(language),
        window=booked.window,
        first_day=first,
        last_day=last,
        quantity=booked.quantity,
        price=booked.price,
        state="given_up" if given_up else STATES[booked.status],
        refund=refund,
        changeable=live,
    )


def _days(window: Period, zone: str) -> tuple[date, date]:
    last = local_date(window.end, zone) - timedelta(days=1)
    return local_date(window.start, zone), last


def _plain(percent: Decimal) -> str:
    return f"{percent.normalize():f}"


def _timeline(
    holdings: Holdings, found: SubscriptionView, language: str
) -> tuple[TimelineRow, ...]:
    waiting = {change.change_id for change in found.scheduled}
    return tuple(
        TimelineRow(
            at=change.effective_at,
            words=_entry(holdings, found, change, language),
            known_at=change.known_at,
            late=change.known_at > change.effective_at,
            ahead=change.effective_at > holdings.now,
            change_id=format_id("chg", change.id) if change.id in waiting else None,
        )
        for change in found.timeline.changes
        if change.effective_at <= holdings.now or change.id in waiting
    )


def _entry(holdings: Holdings, found: SubscriptionView, change: Change, language: str) -> str:
    """Tell one entry of a timeline in a few words."""
    kind, values = _kind(change), {}
    action = change.action
    if isinstance(action, Start | ChangePlan):
        values["plan"] = found.versions.plans[action.plan_version_id].name.in_language(language)
    elif isinstance(action, ChangeQuantity):
        values["component"] = component_name(found, action.component, language)
        values["quantity"] = str(action.quantity)
    elif isinstance(action, ExtendTrial):
        values["day"] = day_words(local_date(action.until, holdings.organisation.zone), language)
    elif isinstance(action, SetTerms):
        values["reason"] = "" if action.terms is None else action.terms.reason
    elif isinstance(action, BookAddon | ChangeBooking | CancelBooking):
        values |= _booking_words(holdings, found, change, language)
    return translate(language, _WORDS[kind], **values)


def _kind(change: Change) -> str:
    action = change.action
    if isinstance(action, ChangePlan) and action.reason == "migration":
        return "migration"
    if isinstance(action, SetTerms) and action.terms is None:
        return "list_price"
    return action_kind(action)


def _booking_words(
    holdings: Holdings, found: SubscriptionView, change: Change, language: str
) -> dict[str, str]:
    action = change.action
    booking = change.id if isinstance(action, BookAddon) else getattr(action, "booking", None)
    addon = _addon_of(found, booking)
    if addon is None:
        return {"addon": "", "window": ""}
    window = getattr(action, "window", addon.window)
    first, last = _days(window, holdings.catalog.season(addon.addon.season).zone)
    span = f"{day_words(first, language)} – {day_words(last, language)}"  # noqa: RUF001
    return {"addon": addon.addon.name.in_language(language), "window": span}


def _addon_of(found: SubscriptionView, booking: ChangeId | None) -> BookedAddon | None:
    return next((b for b in found.addons if b.booking_id == booking), None)


def day_words(day: date, language: str) -> str:
    """Write a day in the reader's language."""
    return format_date(day, format="medium", locale=LOCALES[language])


def _year(holdings: Holdings, found: SubscriptionView, language: str) -> YearStrip | None:
    """Lay the subscription's windows out over the year that the first live one ends in."""
    live = [b for b in found.addons if b.cancelled_at is None]
    if not live:
        return None
    zone = holdings.organisation.zone
    today = local_date(holdings.now, zone)
    bands = []
    for booked in live:
        first, last = _days(booked.window, holdings.catalog.season(booked.addon.season).zone)
        name = booked.addon.name.in_language(language)
        bands.append((first, last + timedelta(days=1), name, True))
    return year_strip(today, bands)
