"""Plans, add-ons and definitions as canonical JSON values, and back.

The JSON form is what is stored and hashed, so it holds texts for every number
and says nothing of ids and version numbers: two plans of equal content are equal.
"""

from collections.abc import Mapping
from typing import Any

from control_plane.catalog.charge_codec import charge_body, charge_from_body, text_body
from control_plane.catalog.domain import (
    STANDARD,
    AddonVersion,
    Commitment,
    EarlyBird,
    PlanVersion,
    Price,
    Refund,
    Text,
)
from control_plane.catalog.feature_codec import grants_body, grants_from_body
from control_plane.catalog.ladder_codec import ladder_body, ladder_from_body
from control_plane.kernel.calendar import Interval
from control_plane.kernel.currency import Currency, currency
from control_plane.kernel.exact import exact_decimal, quantity_text
from control_plane.kernel.ids import AddonVersionId, PlanVersionId
from control_plane.kernel.money import Money

__all__ = [
    "addon_body",
    "addon_from_body",
    "plan_body",
    "plan_from_body",
    "price_body",
    "price_from_body",
    "text_body",
]


def plan_body(plan: PlanVersion) -> dict[str, Any]:
    """Return a plan's content, without its id and version."""
    return {
        "code": plan.code,
        "name": text_body(plan.name),
        "modules": list(plan.modules),
        "entitlements": grants_body(plan.entitlements),
        "prices": [price_body(price) for price in plan.prices],
        **({"trial_days": plan.trial_days} if plan.trial_days else {}),
        **({"policies": dict(plan.policies)} if plan.policies else {}),
        **({"ladder": ladder_body(plan.ladder)} if plan.ladder else {}),
    }


def plan_from_body(plan_version_id: PlanVersionId, version: int, body: Any) -> PlanVersion:
    """Read back what `plan_body` wrote."""
    return PlanVersion(
        id=plan_version_id,
        code=body["code"],
        version=version,
        name=Text(**body["name"]),
        modules=tuple(body["modules"]),
        entitlements=grants_from_body(body["entitlements"]),
        prices=tuple(price_from_body(price) for price in body["prices"]),
        trial_days=body.get("trial_days", 0),
        policies=body.get("policies", {}),
        ladder=ladder_from_body(body.get("ladder")),
    )


def addon_body(addon: AddonVersion) -> dict[str, Any]:
    """Return an add-on's content, without its id and version."""
    return {
        "code": addon.code,
        "name": text_body(addon.name),
        "season": addon.season,
        "requires": list(addon.requires),
        "grants": grants_body(addon.grants),
        "prices": _amounts_body(addon.prices),
        **_addon_options(addon),
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
        grants=grants_from_body(body["grants"]),
        prices=_amounts(body["prices"]),
        early_bird=tuple(
            EarlyBird(step["days_before"], _amounts(step["prices"]))
            for step in body.get("early_bird", ())
        ),
        cancellation=tuple(
            Refund(step["days_before"], exact_decimal(step["percent"]))
            for step in body.get("cancellation", ())
        ),
        deposit=exact_decimal(body["deposit"]) if "deposit" in body else None,
        tax_category=body.get("tax_category", STANDARD),
        tax_inclusive=body.get("tax_inclusive", False),
        max_quantity=body.get("max_quantity"),
        policies=body.get("policies", {}),
    )


def price_body(price: Price) -> dict[str, Any]:
    """Return a price; what is at its default is left out."""
    body: dict[str, Any] = {
        "currency": price.currency.code,
        "interval": price.interval.value,
        "charges": [charge_body(charge) for charge in price.charges],
    }
    if price.count != 1:
        body["count"] = price.count
    if price.tax_inclusive:
        body["tax_inclusive"] = True
    if price.commitment is not None:
        body["commitment"] = {
            "amount": price.commitment.amount.decimal_text(),
            "tax_category": price.commitment.tax_category,
        }
    if price.policies:
        body["policies"] = dict(price.policies)
    return body


def price_from_body(body: Any) -> Price:
    """Read back what `price_body` wrote."""
    in_currency = currency(body["currency"])
    return Price(
        currency=in_currency,
        interval=Interval(body["interval"]),
        charges=tuple(charge_from_body(charge, in_currency) for charge in body["charges"]),
        count=body.get("count", 1),
        tax_inclusive=body.get("tax_inclusive", False),
        commitment=_commitment(body.get("commitment"), in_currency),
        policies=body.get("policies", {}),
    )


def _commitment(body: Any, in_currency: Currency) -> Commitment | None:
    if body is None:
        return None
    return Commitment(Money.parse(body["amount"], in_currency), body["tax_category"])


def _addon_options(addon: AddonVersion) -> dict[str, Any]:
    body: dict[str, Any] = {}
    if addon.early_bird:
        body["early_bird"] = [
            {"days_before": step.days_before, "prices": _amounts_body(step.prices)}
            for step in addon.early_bird
        ]
    if addon.cancellation:
        body["cancellation"] = [
            {"days_before": step.days_before, "percent": quantity_text(step.percent)}
            for step in addon.cancellation
        ]
    if addon.deposit is not None:
        body["deposit"] = quantity_text(addon.deposit)
    if addon.tax_category != STANDARD:
        body["tax_category"] = addon.tax_category
    if addon.tax_inclusive:
        body["tax_inclusive"] = True
    if addon.max_quantity is not None:
        body["max_quantity"] = addon.max_quantity
    if addon.policies:
        body["policies"] = dict(addon.policies)
    return body


def _amounts_body(amounts: Mapping[str, Money]) -> dict[str, str]:
    return {code: amount.decimal_text() for code, amount in amounts.items()}


def _amounts(body: Any) -> dict[str, Money]:
    return {code: Money.parse(amount, currency(code)) for code, amount in body.items()}
