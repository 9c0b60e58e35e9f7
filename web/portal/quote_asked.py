"""A quote as a form asks for it: the plan, how many of what, terms, seasons, days."""

from datetime import datetime, timedelta
from decimal import Decimal

from billing.domain.life.orders import Order
from billing.domain.life.quotes import expected_quantity
from billing.domain.life.requests import BookingWanted, StartWanted
from billing.services.quotes.make_quote import QuoteWanted
from control_plane.catalog.errors import PlanNotFound
from control_plane.kernel.calendar import local_day_start
from control_plane.kernel.errors import ErrorKind, TallyardError
from web.portal.cycles import cycle_key, cycle_words
from web.portal.exemption_rows import day_from
from web.portal.fields import read_field
from web.portal.forms import Submitted
from web.portal.holdings import Holdings
from web.portal.negotiating import Listed, terms_asked
from web.portal.views.shell import Choice
from web.portal.views.terms import TermField

_DIGITS = 9
_DAY = timedelta(days=1)


class CountInvalid(TallyardError):
    """A text is no number of things."""

    code = "count_invalid"
    kind = ErrorKind.INVALID
    message = "“{value}” is no whole number."
    remedy = "Give a whole number of at least 0."


def plan_choices(holdings: Holdings, chosen: str, language: str) -> tuple[Choice, ...]:
    """Return every plan at each of its cycles in the customer's currency."""
    return tuple(
        Choice(key, f"{plan.name.in_language(language)} · {words}", key == chosen)
        for plan in holdings.catalog.plans.values()
        for price in plan.prices
        if price.currency == holdings.currency
        for key in [f"{plan.code}~{cycle_key(price.interval, price.count)}"]
        for words in [cycle_words(price.interval, price.count, language)]
    )


def listed_of(holdings: Holdings, chosen: str) -> Listed | None:
    """Return the plan and the price that a choice names; None where it names none."""
    code, _, cycle = chosen.partition("~")
    plan = holdings.catalog.plans.get(code)
    if plan is None:
        return None
    price = next(
        (
            price
            for price in plan.prices
            if price.currency == holdings.currency
            and cycle_key(price.interval, price.count) == cycle
        ),
        None,
    )
    if price is None:
        return None
    return Listed(plan, price, holdings.catalog, holdings.organisation.zone)


def components(listed: Listed, language: str) -> tuple[TermField, ...]:
    """Return what the price counts."""
    return tuple(
        TermField(f"q.{charge.quantity}", charge.name.in_language(language), "1", "1")
        for charge in listed.price.charges
        if charge.quantity is not None
    )


def meters(listed: Listed, language: str) -> tuple[TermField, ...]:
    """Return what usage can be expected of."""
    charged = {charge.meter: charge for charge in listed.price.charges if charge.meter}
    return tuple(
        TermField(f"u.{meter}", charge.name.in_language(language), "", "")
        for meter, charge in charged.items()
    )


def seasons(listed: Listed, language: str) -> tuple[TermField, ...]:
    """Return the seasons that the plan can be booked with, in its currency, none of them yet."""
    return tuple(
        TermField(f"a.{addon.code}", addon.name.in_language(language), "0", "0")
        for addon in listed.catalog.addons.values()
        if set(addon.requires) <= set(listed.plan.modules)
        and listed.price.currency.code in addon.prices
    )


def quote_asked(form: Submitted, holdings: Holdings) -> QuoteWanted:
    """Read a quote. Days are the customer's own; it is valid to the end of the day named.

    Raises:
        PlanNotFound: no plan of that name and cycle is on sale.
        TallyardError: a field cannot be read, told at the field.
    """
    listed = listed_of(holdings, form.one("plan"))
    if listed is None:
        raise PlanNotFound(plan_code=form.one("plan")[:40], field="plan")
    zone = listed.zone
    start = StartWanted(
        plan_code=listed.plan.code,
        interval=listed.price.interval,
        count=listed.price.count,
        currency_code=listed.price.currency.code,
        starts_at=_day(form, "starts_on", zone),
        trial_end=_day(form, "trial_until", zone, later=True),
        quantities=_quantities(form, listed),
        terms=terms_asked(form, listed),
    )
    valid = day_from(form.one("valid_until"), "valid_until") + _DAY
    return QuoteWanted(
        order=Order(start, _bookings(form, holdings)),
        valid_until=local_day_start(valid, zone),
        purchase_order=form.one("purchase_order") or None,
        note=form.one("note") or None,
        expected_usage=_usage(form, listed),
    )


def _day(form: Submitted, name: str, zone: str, *, later: bool = False) -> datetime | None:
    text = form.one(name)
    if not text:
        return None
    day = day_from(text, name) + (_DAY if later else timedelta(0))
    at: datetime = local_day_start(day, zone)
    return at


def _quantities(form: Submitted, listed: Listed) -> dict[str, int]:
    return {code: _count(form, f"q.{code}", 1) for code in listed.price.components}


def _bookings(form: Submitted, holdings: Holdings) -> tuple[BookingWanted, ...]:
    wanted = {code: _count(form, f"a.{code}", 0) for code in holdings.catalog.addons}
    return tuple(
        BookingWanted(addon_code=code, quantity=count) for code, count in wanted.items() if count
    )


def _count(form: Submitted, field: str, usual: int) -> int:
    text = form.one(field)
    if not text:
        return usual
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        raise CountInvalid(value=text[:20], field=field)
    return int(text)


def _usage(form: Submitted, listed: Listed) -> dict[str, Decimal]:
    """Read what is expected of the plan's meters; of another plan chosen before, nothing."""
    metered = sorted({charge.meter for charge in listed.price.charges if charge.meter})
    read = {m: read_field(form.one(f"u.{m}"), f"u.{m}", expected_quantity) for m in metered}
    return {meter: found for meter, found in read.items() if found is not None}
