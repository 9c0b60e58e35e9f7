"""Plans, add-ons and definitions as canonical JSON values, and back.

The JSON form is what is stored and hashed, so it holds texts for every number
and says nothing of ids and version numbers: two plans of equal content are equal.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from control_plane.catalog.domain import (
    AddonVersion,
    Charge,
    ChargeKind,
    Grant,
    PlanVersion,
    Price,
    Text,
    Tier,
    Timing,
)
from control_plane.kernel.calendar import Interval
from control_plane.kernel.currency import Currency, currency
from control_plane.kernel.exact import exact_decimal, quantity_text
from control_plane.kernel.ids import AddonVersionId, PlanVersionId
from control_plane.kernel.money import Money


def plan_body(plan: PlanVersion) -> dict[str, Any]:
    """Return a plan's content, without its id and version."""
    return {
        "code": plan.code,
        "name": text_body(plan.name),
        "modules": list(plan.modules),
        "entitlements": _grants_body(plan.entitlements),
        "prices": [_price_body(price) for price in plan.prices],
    }


def plan_from_body(plan_version_id: PlanVersionId, version: int, body: Any) -> PlanVersion:
    """Read back what `plan_body` wrote."""
    return PlanVersion(
        id=plan_version_id,
        code=body["code"],
        version=version,
        name=Text(**body["name"]),
        modules=tuple(body["modules"]),
        entitlements=_grants(body["entitlements"]),
        prices=tuple(_price(price) for price in body["prices"]),
    )


def addon_body(addon: AddonVersion) -> dict[str, Any]:
    """Return an add-on's content, without its id and version."""
    return {
        "code": addon.code,
        "name": text_body(addon.name),
        "season": addon.season,
        "requires": list(addon.requires),
        "grants": _grants_body(addon.grants),
        "prices": {code: amount.decimal_text() for code, amount in addon.prices.items()},
    }


def addon_from_body(addon_version_id: AddonVersionId, version: int, body: Any) -> AddonVersion:
    """Read back what `addon_body` wrote."""
    return AddonVersion(
        id=addon_version_id,
        code=body["code"],
        version=version,
        name=Text(**body["name"]),
        season=body["season"],
        requires=tuple(body["requires"]),
        grants=_grants(body["grants"]),
        prices={
            code: Money.parse(amount, currency(code)) for code, amount in body["prices"].items()
        },
    )


def text_body(text: Text) -> dict[str, str]:
    """Return both languages of a name."""
    return {"en": text.en, "zh": text.zh}


def _grants_body(grants: Mapping[str, Grant]) -> dict[str, Any]:
    return {
        code: grant if isinstance(grant, bool) else quantity_text(grant)
        for code, grant in grants.items()
    }


def _grants(body: Any) -> dict[str, Grant]:
    return {
        code: grant if isinstance(grant, bool) else exact_decimal(grant)
        for code, grant in body.items()
    }


def _price_body(price: Price) -> dict[str, Any]:
    return {
        "currency": price.currency.code,
        "interval": price.interval.value,
        "charges": [_charge_body(charge) for charge in price.charges],
    }


def _price(body: Any) -> Price:
    in_currency = currency(body["currency"])
    return Price(
        currency=in_currency,
        interval=Interval(body["interval"]),
        charges=tuple(_charge(charge, in_currency) for charge in body["charges"]),
    )


def _charge_body(charge: Charge) -> dict[str, Any]:
    return {
        "code": charge.code,
        "kind": charge.kind.value,
        "timing": charge.timing.value,
        "name": text_body(charge.name),
        "amount": None if charge.amount is None else charge.amount.decimal_text(),
        "meter": charge.meter,
        "unit_price": _optional_text(charge.unit_price),
        "included": quantity_text(charge.included),
        "tiers": [
            {
                "up_to": _optional_text(tier.up_to),
                "unit_price": quantity_text(tier.unit_price),
                "flat_fee": quantity_text(tier.flat_fee),
            }
            for tier in charge.tiers
        ],
    }


def _charge(body: Any, in_currency: Currency) -> Charge:
    amount = body["amount"]
    return Charge(
        code=body["code"],
        kind=ChargeKind(body["kind"]),
        timing=Timing(body["timing"]),
        name=Text(**body["name"]),
        amount=None if amount is None else Money.parse(amount, in_currency),
        meter=body["meter"],
        unit_price=_optional_decimal(body["unit_price"]),
        included=exact_decimal(body["included"]),
        tiers=tuple(
            Tier(
                up_to=_optional_decimal(tier["up_to"]),
                unit_price=exact_decimal(tier["unit_price"]),
                flat_fee=exact_decimal(tier["flat_fee"]),
            )
            for tier in body["tiers"]
        ),
    )


def _optional_text(value: Decimal | None) -> str | None:
    return None if value is None else quantity_text(value)


def _optional_decimal(text: str | None) -> Decimal | None:
    return None if text is None else exact_decimal(text)
