"""The catalogue as cards: plans, their limits, and what usage costs in words."""

from collections.abc import Mapping
from decimal import Decimal

from babel.numbers import format_currency, format_decimal

from control_plane.catalog.domain import Catalog, Charge, Grant, PlanVersion, Price
from control_plane.kernel.currency import Currency
from control_plane.kernel.exact import EXACT
from web.i18n import LOCALES, N_, translate
from web.portal.views.subscriptions import ChargeLine, LimitLine, PlanCard, PriceOption

_INCLUDED = N_("{quantity} {unit} included")
_EACH = N_("{price} for each further unit ({unit})")
_UP_TO = N_("{price} each up to {bound} {unit}")
_REST = N_("{price} for each one above")
_ENTERING = N_("{fee} once this tier is reached")


def limit_lines(
    grants: Mapping[str, Grant], catalog: Catalog, language: str
) -> tuple[LimitLine, ...]:
    """Return the limits among what is granted, in the catalogue's order."""
    lines = []
    for code, feature in catalog.features.items():
        value = grants.get(code)
        if isinstance(value, Decimal):
            lines.append(LimitLine(feature.name.in_language(language), value, feature.per or ""))
    return tuple(lines)


def extra_names(grants: Mapping[str, Grant], catalog: Catalog, language: str) -> tuple[str, ...]:
    """Return the names of what is granted besides limits, in the catalogue's order."""
    return tuple(
        feature.name.in_language(language)
        for code, feature in catalog.features.items()
        if grants.get(code) is True
    )


def module_names(modules: tuple[str, ...], catalog: Catalog, language: str) -> tuple[str, ...]:
    """Return the modules' names; one that left the catalogue keeps its code."""
    known = catalog.modules
    return tuple(known[m].name.in_language(language) if m in known else m for m in modules)


def plan_card(
    plan: PlanVersion,
    catalog: Catalog,
    currency: Currency,
    language: str,
    held: tuple[str, str] | None,
) -> PlanCard:
    """Describe a plan; ``held`` is the (code, interval) of the plan that would be changed."""
    prices = tuple(
        PriceOption(
            interval=price.interval.value,
            fee=price.fee,
            charges=charge_lines(price, catalog, language),
            current=held == (plan.code, price.interval.value),
        )
        for price in plan.prices
        if price.currency == currency
    )
    return PlanCard(
        code=plan.code,
        version=plan.version,
        name=plan.name.in_language(language),
        modules=module_names(plan.modules, catalog, language),
        extras=extra_names(plan.entitlements, catalog, language),
        limits=limit_lines(plan.entitlements, catalog, language),
        prices=prices,
        current=held is not None and held[0] == plan.code,
    )


def charge_lines(price: Price, catalog: Catalog, language: str) -> tuple[ChargeLine, ...]:
    """Say what usage costs beyond the fee."""
    return tuple(
        ChargeLine(charge.name.in_language(language), _terms(charge, price, catalog, language))
        for charge in price.charges
        if charge.meter is not None
    )


def _terms(charge: Charge, price: Price, catalog: Catalog, language: str) -> tuple[str, ...]:
    meter = catalog.meters.get(charge.meter or "")
    words = _Words(language, price.currency.code, meter.unit.in_language(language) if meter else "")
    terms = [words.included(charge.included)] if charge.included else []
    if charge.unit_price is not None:
        terms.append(words.each(charge.unit_price))
    for tier in charge.tiers:
        if tier.up_to is None:
            terms.append(words.rest(tier.unit_price))
        else:
            bound = EXACT.add(tier.up_to, charge.included)
            terms.append(words.up_to(tier.unit_price, bound))
        if tier.flat_fee:
            terms.append(words.entering(tier.flat_fee))
    return tuple(terms)


class _Words:
    """Sentences about prices in one language and currency."""

    def __init__(self, language: str, currency: str, unit: str) -> None:
        self.language, self.currency, self.unit = language, currency, unit

    def _say(self, message: str, **values: str) -> str:
        return translate(self.language, message, unit=self.unit, **values)

    def _price(self, amount: Decimal) -> str:
        locale = LOCALES[self.language]
        return format_currency(amount, self.currency, locale=locale, decimal_quantization=False)

    def _number(self, quantity: Decimal) -> str:
        return format_decimal(quantity, locale=LOCALES[self.language])

    def included(self, quantity: Decimal) -> str:
        return self._say(_INCLUDED, quantity=self._number(quantity))

    def each(self, price: Decimal) -> str:
        return self._say(_EACH, price=self._price(price))

    def up_to(self, price: Decimal, bound: Decimal) -> str:
        return self._say(_UP_TO, price=self._price(price), bound=self._number(bound))

    def rest(self, price: Decimal) -> str:
        return self._say(_REST, price=self._price(price))

    def entering(self, fee: Decimal) -> str:
        return self._say(_ENTERING, fee=self._price(fee))
