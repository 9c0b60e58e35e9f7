"""From the fields of a form to what is asked of a subscription, and the words for it."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

import msgspec

from billing.domain.life.requests import Request
from billing.services.list_subscriptions import BookedAddon, SubscriptionView
from control_plane.kernel.calendar import instant_text, local_day_start
from control_plane.kernel.errors import ErrorKind, TallyardError
from control_plane.kernel.ids import format_id
from web.api.change_bodies import ChangeRequest
from web.i18n import N_, translate
from web.portal.holdings import Holdings

FIELDS = (
    "type",
    "plan_code",
    "interval",
    "when",
    "on",
    "component",
    "quantity",
    "addon_code",
    "booking_id",
    "first_day",
    "last_day",
    "change_id",
)
"""Everything a form may say of a change; what is not among these is passed over."""

_TITLES: Mapping[str, str] = {
    "change_plan": N_("Change to {plan}"),
    "change_quantity": N_("Set {component} to {quantity}"),
    "pause": N_("Pause {plan}"),
    "resume": N_("Resume {plan}"),
    "cancel": N_("Cancel {plan}"),
    "reactivate": N_("Keep {plan}"),
    "book_addon": N_("Book {addon}"),
    "change_booking": N_("Move {addon}"),
    "cancel_booking": N_("Give up {addon}"),
    "undo": N_("Take back what is scheduled"),
}
_HINTS: Mapping[str, str] = {
    "pause": N_(
        "Modules grant nothing and your data is kept. Days you have paid for are credited."
    ),
    "resume": N_("Modules grant again from then on. The days until the period's end are charged."),
    "cancel": N_(
        "Your modules are exported, stopped and removed. Until the end you can take it back."
    ),
    "reactivate": N_("The plan goes on as if never cancelled, or begins again if it has ended."),
    "cancel_booking": N_("What comes back depends on how far ahead the season is."),
}


class FormUnreadable(TallyardError):
    """A form's field cannot be read."""

    code = "form_unreadable"
    kind = ErrorKind.INVALID
    message = "The form cannot be read: {reason}."
    remedy = "Go back and fill it in again."


def asked_from(
    fields: Mapping[str, str], holdings: Holdings, subscription: SubscriptionView
) -> Request:
    """Read what is asked. Dates are local days of the organisation, of a window the season's.

    Raises:
        FormUnreadable: a field is missing or makes no sense.
    """
    said: dict[str, str] = {
        name: value
        for name, value in fields.items()
        if name in FIELDS and name not in {"on", "first_day", "last_day"}
    }
    try:
        if said.get("when") == "date":
            day = date.fromisoformat(fields.get("on", ""))
            said["when"] = instant_text(local_day_start(day, holdings.organisation.zone))
        if "first_day" in fields and "last_day" in fields:
            zone = _season_zone(fields, holdings, subscription)
            said["window_start"] = _midnight(fields["first_day"], zone)
            said["window_end"] = _midnight(fields["last_day"], zone, days=1)
        body = msgspec.convert(said, type=ChangeRequest, strict=False)
    except (ValueError, OverflowError) as error:
        raise FormUnreadable(reason=str(error)) from error
    found: Request = body.request()
    return found


def _midnight(text: str, zone: str, *, days: int = 0) -> str:
    day = date.fromisoformat(text) + timedelta(days=days)
    at: datetime = local_day_start(day, zone)
    return instant_text(at)


def _season_zone(
    fields: Mapping[str, str], holdings: Holdings, subscription: SubscriptionView
) -> str:
    booked = booking_of(fields, subscription)
    addon = booked.addon if booked is not None else holdings.catalog.addon(fields["addon_code"])
    return holdings.catalog.season(addon.season).zone


def booking_of(fields: Mapping[str, str], subscription: SubscriptionView) -> BookedAddon | None:
    """Return the booking that a form is about."""
    wanted = fields.get("booking_id")
    found = (b for b in subscription.addons if format_id("chg", b.booking_id) == wanted)
    return next(found, None)


def title_of(
    fields: Mapping[str, str], holdings: Holdings, subscription: SubscriptionView, language: str
) -> str:
    """Say what is asked as the heading of its preview."""
    kind = fields.get("type", "")
    plan = subscription.plan
    if kind == "change_plan":
        plan = holdings.catalog.plans.get(fields.get("plan_code", ""), plan)
    booked, addon = booking_of(fields, subscription), ""
    if booked is not None:
        addon = booked.addon.name.in_language(language)
    elif fields.get("addon_code") in holdings.catalog.addons:
        addon = holdings.catalog.addon(fields["addon_code"]).name.in_language(language)
    return translate(
        language,
        _TITLES.get(kind, "{plan}"),
        plan=plan.name.in_language(language),
        component=component_name(subscription, fields.get("component", ""), language),
        quantity=fields.get("quantity", ""),
        addon=addon,
    )


def component_name(subscription: SubscriptionView, code: str, language: str) -> str:
    """Name something that is counted by the charge that counts it."""
    for price in subscription.plan.prices:
        for charge in price.charges:
            if charge.quantity == code:
                return charge.name.in_language(language)
    return code


def hint_of(fields: Mapping[str, str], subscription: SubscriptionView, language: str) -> str:
    """Say in a sentence what a change means beside its price."""
    del subscription
    found = _HINTS.get(fields.get("type", ""))
    return "" if found is None else translate(language, found)


def with_fields(fields: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return what a form sends back to confirm."""
    return tuple((name, fields[name]) for name in FIELDS if name in fields)
