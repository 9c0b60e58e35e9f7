"""The catalogue as cards: plans, their limits, and what usage costs in words."""

from collections.abc import Mapping

from control_plane.catalog.domain import Catalog, Charge, Grant, PlanVersion, Price
from control_plane.catalog.policies import DEFAULTS, Policies
from control_plane.kernel.currency import Currency
from control_plane.kernel.money import Money
from web.grant_words import granted_words
from web.portal.cycles import cycle_key, cycle_words
from web.portal.terms import charge_terms, holding_terms, price_notes
from web.portal.views.subscriptions import ChargeLine, LimitLine, PlanCard, PriceOption


def limit_lines(
    grants: Mapping[str, Grant], catalog: Catalog, language: str
) -> tuple[LimitLine, ...]:
    """Return what is granted besides plain permissions, in the catalogue's order."""
    return tuple(
        LimitLine(
            feature.name.in_language(language), granted_words(grants[code], feature, language)
        )
        for code, feature in catalog.features.items()
        if not isinstance(grants.get(code, False), bool)
    )


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
    """Describe a plan; ``held`` is (code, cycle) of the plan that would be changed."""
    prices = tuple(
        PriceOption(
            cycle=cycle_key(price.interval, price.count),
            per=cycle_words(price.interval, price.count, language),
            fee=plain_fee(price),
            charges=charge_lines(
                price, catalog, language, DEFAULTS.over(plan.policies, price.policies)
            ),
            current=held == (plan.code, cycle_key(price.interval, price.count)),
            notes=price_notes(price, language),
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
        trial_days=plan.trial_days,
    )


def charge_lines(
    price: Price, catalog: Catalog, language: str, policies: Policies = DEFAULTS
) -> tuple[ChargeLine, ...]:
    """Say what is paid beyond the plain fee: seats, fees of another interval, usage."""
    lines: list[ChargeLine] = []
    for charge in price.charges:
        if is_plain_fee(charge, price):
            held = holding_terms(charge, price, language, policies)
            lines.extend([ChargeLine(charge.name.in_language(language), held)] if held else ())
            continue
        meter = catalog.meters.get(charge.meter or "")
        unit = meter.unit if meter else None
        terms = charge_terms(charge, price, unit, language, policies)
        lines.append(ChargeLine(charge.name.in_language(language), terms))
    return tuple(lines)


def is_plain_fee(charge: Charge, price: Price) -> bool:
    """Tell whether a charge is nothing but an amount that every period of the price costs."""
    same_interval = charge.interval in {None, price.interval}
    plain = charge.discount == 0 and charge.minimum is None and charge.maximum is None
    return charge.amount is not None and charge.quantity is None and same_interval and plain


def plain_fee(price: Price) -> Money:
    """Return the sum of the plain fees: what a period costs with nothing counted."""
    amounts = (c.amount for c in price.charges if c.amount is not None and is_plain_fee(c, price))
    return Money.total(amounts, price.currency)
