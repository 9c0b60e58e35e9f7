"""Negotiated terms as JSON values, and back.

Every number is a text, and every amount names its currency.
"""

from typing import Any

from control_plane.catalog.domain import Commitment, Tier
from control_plane.catalog.feature_codec import grants_body, grants_from_body
from control_plane.kernel.calendar import instant_text, parse_instant
from control_plane.kernel.currency import currency
from control_plane.kernel.exact import exact_decimal, quantity_text
from control_plane.kernel.money import Money
from control_plane.subscriptions.domain import ChargeTerms, Terms


def money_body(amount: Money) -> dict[str, str]:
    """Return an amount with its currency."""
    return {"amount": amount.decimal_text(), "currency": amount.currency.code}


def money_from_body(body: Any) -> Money:
    """Read back what `money_body` wrote."""
    return Money.parse(body["amount"], currency(body["currency"]))


def terms_body(terms: Terms) -> dict[str, Any]:
    """Return terms; what is not negotiated is left out."""
    body: dict[str, Any] = {
        "charges": {code: _charge_body(charge) for code, charge in terms.charges.items()},
        "entitlements": grants_body(terms.entitlements),
        "reason": terms.reason,
    }
    if terms.commitment is not None:
        body["commitment"] = {
            **money_body(terms.commitment.amount),
            "tax_category": terms.commitment.tax_category,
        }
    if terms.end is not None:
        body["end"] = instant_text(terms.end)
    return body


def terms_from_body(body: Any) -> Terms:
    """Read back what `terms_body` wrote."""
    commitment = body.get("commitment")
    return Terms(
        charges={code: _charge(charge) for code, charge in body["charges"].items()},
        commitment=None
        if commitment is None
        else Commitment(money_from_body(commitment), commitment["tax_category"]),
        entitlements=grants_from_body(body["entitlements"]),
        reason=body["reason"],
        end=parse_instant(body["end"]) if "end" in body else None,
    )


_AMOUNTS = ("amount", "minimum", "maximum")
_NUMBERS = ("unit_price", "included", "discount")


def _charge_body(charge: ChargeTerms) -> dict[str, Any]:
    amounts = {name: getattr(charge, name) for name in _AMOUNTS}
    numbers = {name: getattr(charge, name) for name in _NUMBERS}
    body: dict[str, Any] = {
        **{name: money_body(value) for name, value in amounts.items() if value is not None},
        **{name: quantity_text(value) for name, value in numbers.items() if value is not None},
    }
    if charge.tiers is not None:
        body["tiers"] = [_tier_body(tier) for tier in charge.tiers]
    return body


def _charge(body: Any) -> ChargeTerms:
    amounts = {name: money_from_body(body[name]) for name in _AMOUNTS if name in body}
    numbers = {name: exact_decimal(body[name]) for name in _NUMBERS if name in body}
    tiers = tuple(_tier(tier) for tier in body["tiers"]) if "tiers" in body else None
    return ChargeTerms(**amounts, **numbers, tiers=tiers)  # type: ignore[arg-type]


def _tier_body(tier: Tier) -> dict[str, Any]:
    return {
        "up_to": None if tier.up_to is None else quantity_text(tier.up_to),
        "unit_price": quantity_text(tier.unit_price),
        "flat_fee": quantity_text(tier.flat_fee),
        "rate": None if tier.rate is None else quantity_text(tier.rate),
    }


def _tier(body: Any) -> Tier:
    return Tier(
        up_to=None if body["up_to"] is None else exact_decimal(body["up_to"]),
        unit_price=exact_decimal(body["unit_price"]),
        flat_fee=exact_decimal(body["flat_fee"]),
        rate=None if body["rate"] is None else exact_decimal(body["rate"]),
    )
