"""The sentences of pricing's steps: English templates, and the msgids of their translations."""

from collections.abc import Mapping

PRICING_MESSAGES: Mapping[str, str] = {
    "group": "For {group}:",
    "converted": "{from} divided by {divide_by}: {quantity}.",
    "converted_up": "{from} divided by {divide_by}, rounded up: {quantity}.",
    "converted_down": "{from} divided by {divide_by}, rounded down: {quantity}.",
    "peak": "The peak of the period: {quantity}.",
    "volume": "All {quantity} in tier {number}, above {from} up to {up_to}, at {unit_price} each: "
    "{amount}.",
    "volume_open": "All {quantity} in tier {number}, above {from}, at {unit_price} each: {amount}.",
    "at_close": "The price depends on the whole period: it is charged when the period closes.",
    "package": "{quantity} in packages of {size}: {packages} at {unit_price} each, {amount}.",
    "free": "Free: {events} event(s). Of the {total}, {amount} bears no rate.",
    "percentage": "{rate} % of {base}: {amount}.",
    "event_fees": "{events} event(s) at {fixed_fee} each: {amount}.",
    "event_bounds": "Least and most per event change this by {amount}.",
    "rate_tier": "Tier {number}, above {from} up to {up_to}: {rate} % of {base}, {amount}.",
    "rate_tier_open": "Tier {number}, above {from}: {rate} % of {base}, {amount}.",
    "dynamic": "The amounts of {events} event(s) add up to {amount}.",
    "cell": "{cell}: {quantity} at {unit_price} each, {amount}.",
    "quantity": "{quantity}, of which {included} included, at {unit_price} each: {amount}.",
    "discount": "Less {percent} %: {off} off, {amount} left.",
    "minimum": "Raised to the least charge of {whole} ({days} of {of_days} days): {amount}.",
    "minimum_whole": "Raised to the least charge: {amount}.",
    "maximum": "Capped at the most of {whole} ({days} of {of_days} days): {amount}.",
    "maximum_whole": "Capped at the most: {amount}.",
}

PRICING_NUMBERS = frozenset(
    {
        "from",
        "up_to",
        "quantity",
        "divide_by",
        "unit_price",
        "amount",
        "size",
        "packages",
        "rate",
        "total",
        "base",
        "fixed_fee",
        "included",
        "percent",
        "off",
        "whole",
        "flat_fee",
        "events",
    }
)
"""The values that are exact numbers, shown to people with their thousands apart."""

_BOUNDED = {"volume", "rate_tier"}
_PRORATED = {"minimum", "maximum"}


def pricing_message(step: Mapping[str, str | int]) -> str:
    """Return the key of the sentence for a step, among `PRICING_MESSAGES`.

    Steps that are not in there (``included``, ``tier``) are the explainer's own.
    """
    kind = str(step["step"])
    if kind in _BOUNDED and not step["up_to"]:
        return f"{kind}_open"
    if kind in _PRORATED and step["days"] == step["of_days"]:
        return f"{kind}_whole"
    if kind == "converted" and step["rounding"] != "none":
        return f"{kind}_{step['rounding']}"
    return kind
