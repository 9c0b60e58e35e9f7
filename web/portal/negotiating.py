"""Negotiated terms as fields of a form: one for each number of a price, and back."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from control_plane.catalog.domain import (
    Catalog,
    Charge,
    Commitment,
    Grant,
    PlanVersion,
    Price,
    Tier,
)
from control_plane.kernel.calendar import local_date, local_day_start
from control_plane.kernel.errors import ErrorKind, TallyardError
from control_plane.kernel.exact import exact_decimal, quantity_text
from control_plane.kernel.money import Money
from control_plane.subscriptions.domain import ChargeTerms, Terms
from web.grant_words import value_from, value_text
from web.i18n import N_, translate
from web.portal.exemption_rows import day_from
from web.portal.fields import read_field
from web.portal.forms import Submitted
from web.portal.views.terms import TermField, TermGroup

_NAMES = {
    "amount": N_("Fee"),
    "unit_price": N_("Unit price"),
    "tiers": N_("Tiers"),
    "included": N_("Included"),
    "minimum": N_("At least per period"),
    "maximum": N_("At most per period"),
    "discount": N_("Discount in percent"),
}
_MONEY = ("amount", "minimum", "maximum")
_TIER_PARTS = 3


class TiersInvalid(TallyardError):
    """A text holds no tiers."""

    code = "tiers_invalid"
    kind = ErrorKind.INVALID
    message = "“{line}” is no tier."
    remedy = "Write one tier a line: up to, unit price, flat fee. The last one goes up to “-”."


@dataclass(frozen=True, slots=True)
class Listed:
    """What is negotiated over: a plan at one of its prices."""

    plan: PlanVersion
    price: Price
    catalog: Catalog
    zone: str


def term_groups(listed: Listed, kept: Terms | None, language: str) -> tuple[TermGroup, ...]:
    """Return every number that can be negotiated, with the list's and the one that is kept."""
    charges = {} if kept is None else kept.charges
    groups = [
        TermGroup(
            charge.name.in_language(language),
            tuple(_fields(charge, charges.get(charge.code), language)),
        )
        for charge in listed.price.charges
    ]
    limits = tuple(_limits(listed, {} if kept is None else kept.entitlements, language))
    if limits:
        groups.append(TermGroup(translate(language, N_("Limits")), limits))
    return tuple(groups)


def _fields(charge: Charge, kept: ChargeTerms | None, language: str) -> Iterator[TermField]:
    for name in _negotiable(charge):
        yield TermField(
            name=f"c.{charge.code}.{name}",
            label=translate(language, _NAMES[name]),
            listed=_text(getattr(charge, name) or None),
            value="" if kept is None else _text(getattr(kept, name)),
            many=name == "tiers",
        )


def _negotiable(charge: Charge) -> Iterator[str]:
    if charge.amount is not None:
        yield "amount"
    if charge.unit_price is not None:
        yield "unit_price"
    if charge.tiers and all(tier.rate is None for tier in charge.tiers):
        yield "tiers"
    if charge.meter is not None:
        yield "included"
    yield from ("minimum", "maximum", "discount")


def _text(value: object) -> str:
    if isinstance(value, Money):
        return value.decimal_text()
    if isinstance(value, tuple):
        return "\n".join(_tier_text(tier) for tier in value)
    return quantity_text(value) if isinstance(value, Decimal) else ""


def _tier_text(tier: Tier) -> str:
    bound = "-" if tier.up_to is None else quantity_text(tier.up_to)
    return f"{bound} {quantity_text(tier.unit_price)} {quantity_text(tier.flat_fee)}"


def _limits(listed: Listed, kept: Any, language: str) -> Iterator[TermField]:
    for code, feature in listed.catalog.features.items():
        value, own = listed.plan.entitlements.get(code), kept.get(code)
        if own is None and (value is None or isinstance(value, bool)):
            continue  # nothing to negotiate; what was agreed otherwise stays as it is
        yield TermField(
            name=f"e.{code}",
            label=feature.name.in_language(language),
            listed="" if value is None else value_text(value),
            value="" if own is None else value_text(own),
            counted=isinstance(value, Decimal) or isinstance(own, Decimal),
            limit=True,
        )


def terms_asked(form: Submitted, listed: Listed) -> Terms | None:
    """Read the terms that a form asks for; None where all fields are empty.

    Raises:
        TallyardError: a field holds no such number, told at the field.
    """
    charges = {
        charge.code: found
        for charge in listed.price.charges
        if (found := _charge(form, charge, listed)) != ChargeTerms()
    }
    amount = read_field(form.one("commitment"), "commitment", _money(listed))
    limits: dict[str, Grant] = {}
    for code, feature in listed.catalog.features.items():
        read = partial(value_from, feature=feature, override=True)  # False: what was taken away
        value = read_field(form.one(f"e.{code}"), f"e.{code}", read)
        if value is not None:
            limits[code] = value
    if not (charges or limits or amount):
        return None
    until = form.one("end")
    return Terms(
        charges=charges,
        commitment=None if amount is None else Commitment(amount),
        entitlements=limits,
        reason=form.one("reason"),
        end=local_day_start(day_from(until, "end"), listed.zone) if until else None,
    )


def _money(listed: Listed) -> Callable[[str], Money]:
    return lambda text: Money.parse(text, listed.price.currency)


def _charge(form: Submitted, charge: Charge, listed: Listed) -> ChargeTerms:
    def read(name: str, parse: Callable[[str], Any]) -> Any:
        field = f"c.{charge.code}.{name}"
        return read_field(form.one(field), field, parse)

    said = {name: read(name, _money(listed)) for name in _MONEY}
    said |= {name: read(name, exact_decimal) for name in ("unit_price", "included", "discount")}
    return ChargeTerms(**said, tiers=read("tiers", tiers_from))


def tiers_from(text: str) -> tuple[Tier, ...]:
    """Read tiers, one a line: up to, unit price and, if there is one, a flat fee.

    Raises:
        TiersInvalid: a line is no tier.
    """
    return tuple(_tier(line.split()) for line in text.splitlines() if line.strip())


def _tier(parts: list[str]) -> Tier:
    try:
        bound, price, fee = (*parts, "0")[:_TIER_PARTS]
        return Tier(
            up_to=None if bound == "-" else exact_decimal(bound),
            unit_price=exact_decimal(price),
            flat_fee=exact_decimal(fee),
        )
    except (ValueError, TallyardError) as error:
        raise TiersInvalid(line=" ".join(parts)[:60]) from error


def end_text(terms: Terms | None, zone: str) -> str:
    """Write the day on which terms end; nothing where they do not."""
    return "" if terms is None or terms.end is None else local_date(terms.end, zone).isoformat()
