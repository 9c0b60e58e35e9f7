"""An invoice line in words: every step from what was measured to what is charged.

Explanations are read from the frozen body alone, so that they stay true whatever changes later. A
message is an English template (the msgid of its translation) with the values of one step.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from billing.domain.documents.centres import read_shares
from billing.domain.groups.splitting import Split
from billing.domain.numbers import shown
from billing.domain.pricing.wording import (
    PRICING_MESSAGES,
    PRICING_NUMBERS,
    pricing_message,
)
from control_plane.kernel.calendar import local_date, parse_instant
from control_plane.kernel.currency import currency
from control_plane.kernel.money import Money

Translate = Callable[[str], str]

MESSAGES: Mapping[str, str] = {
    "fee": "The fee of one whole period: {amount}.",
    "prorated": "{fee} for the whole period, of which {days} of {of_days} days: {exact}.",
    "measured": "Measured: {quantity} {unit}; events: {events}.",
    "included": "Included: {included} ({allowance} by {days} of {of_days} days). "
    "Left to be charged: {billable}.",
    "included_whole": "Included: {included}. Left to be charged: {billable}.",
    "tier_open": "Tier {number}, above {from}: {quantity} at {unit_price} each, {amount}.",
    "tier": "Tier {number}, above {from} up to {up_to}: {quantity} at {unit_price} each, {amount}.",
    "tier_fee": "Of this, {flat_fee} is the fee of entering tier {number}.",
    "rounded": "Rounded once: {exact} becomes {amount}.",
    "rounded_together": "Rounded with all that is due at the same time: together {sum}, which "
    "becomes {total}. Of it, this line's {exact} bears {amount}.",
    "credit": "Given back for the days from the change on.",
    "charge": "Charged for the days from the change on.",
    "addon": "Charged once, when the window was booked.",
    "prorated_seconds": "{fee} for the whole period, of which {seconds} of {of_seconds} seconds: "
    "{exact}.",
    "stretch": "From {start} to {end}:",
    "billed": "Owed in all: {owed}. Invoiced before: {billed}. This is the difference: {amount}.",
    "credited": "Invoiced before: {billed}. Owed in all: {owed}. Taken off this line: {amount}.",
    "given": "Given back, though it is owed: {amount}.",
    "commitment": "Committed: {committed}. The period's lines come to {counted}. "
    "Missing: {amount}.",
    "allowance_so_far": "Since the allowance began: {cumulative}. Of earlier parts: {before}. "
    "Left for this one: {amount}.",
    "booked": "{quantity} at {unit_price} each, for the window.",
    "cancelled": "The booking was given up: {kept} % of it stays owed.",
    "deposit": "The deposit: {amount}.",
    "cancellation": "What stays owed of a booking that was given up: {amount}.",
    "holding": "Paused: a holding fee of {amount} stands for the fee.",
    "cost_centre": "Cost centre {cost_centre}: {quantity} {unit}, {amount} before tax.",
    "cost_centre_whole": "Cost centre {cost_centre}: {amount} before tax.",
    "cost_centre_none": "No cost centre: {quantity} {unit}, {amount} before tax.",
    "cost_centre_none_whole": "No cost centre: {amount} before tax.",
    **PRICING_MESSAGES,
}


@dataclass(frozen=True, slots=True)
class Explained:
    """One step: its kind, its exact values as texts, and a sentence."""

    kind: str
    values: Mapping[str, str]
    text: str


@dataclass(frozen=True, slots=True)
class ExplainedLine:
    """One line: what it is, what it comes to (major units, as text), and its steps in order."""

    key: str
    title: str
    first_day: str
    last_day: str
    amount_minor: int
    steps: tuple[Explained, ...]


def explain_lines(
    body: Mapping[str, Any], language: str, translate: Translate
) -> tuple[ExplainedLine, ...]:
    """Explain every line of a frozen invoice body in ``en`` or ``zh``."""
    note = body.get("kind") == "credit_note"
    return tuple(_line(line, body, language, translate, note=note) for line in body["lines"])


def _line(
    line: Mapping[str, Any],
    body: Mapping[str, Any],
    language: str,
    translate: Translate,
    *,
    note: bool,
) -> ExplainedLine:
    tongue = "zh" if language.lower().startswith("zh") else "en"
    item, name = line["item_name"][tongue], line["name"][tongue]
    unit = "" if line["unit"] is None else line["unit"][tongue]
    steps: list[Explained] = []
    if line["kind"] in {"credit", "charge", "addon"} and not note:
        steps.append(_say(line["kind"], {}, translate))
    for step in line["steps"]:
        steps.extend(_steps(step, body["zone"], unit, translate))
    shares = read_shares(line, Money.zero(currency(body["currency"])))
    steps.extend(_share(share, unit, translate) for share in shares)
    return ExplainedLine(
        key=line["key"],
        title=item if item == name else f"{item} · {name}",
        first_day=line["first_day"],
        last_day=line["last_day"],
        amount_minor=line["amount_minor"],
        steps=tuple(steps),
    )


def _share(share: Split, unit: str, translate: Translate) -> Explained:
    """Say whose a part of the line is."""
    message = "cost_centre" + ("" if share.centre else "_none")
    values = {"cost_centre": share.centre, "amount": share.amount.decimal_text()}
    if share.quantity is None:
        return _say(f"{message}_whole", values, translate)
    return _say(message, {**values, "quantity": f"{share.quantity:f}", "unit": unit}, translate)


def _steps(
    step: Mapping[str, Any], zone: str, unit: str, translate: Translate
) -> Sequence[Explained]:
    values = {key: str(value) for key, value in step.items() if key != "step"}
    kind = step["step"]
    if kind == "stretch":
        days = {key: local_date(parse_instant(at), zone).isoformat() for key, at in values.items()}
        return [_say("stretch", days, translate)]
    if kind == "measured":
        return [_say("measured", {**values, "unit": unit}, translate)]
    if kind == "included" and step["days"] == step["of_days"]:
        return [_say("included_whole", values, translate)]
    if kind != "tier":
        return [_say(pricing_message(step), values, translate)]
    said = [_say("tier" if step["up_to"] else "tier_open", values, translate)]
    if step["flat_fee"] != "0":
        said.append(_say("tier_fee", values, translate))
    return said


def _say(message: str, values: Mapping[str, str], translate: Translate) -> Explained:
    readable = {
        key: shown(value) if key in _NUMBERS and value else value for key, value in values.items()
    }
    return Explained(message, values, translate(MESSAGES[message]).format(**readable))


_NUMBERS = PRICING_NUMBERS | {
    "fee",
    "exact",
    "included",
    "billable",
    "quantity",
    "from",
    "up_to",
    "amount",
    "flat_fee",
    "allowance",
    "unit_price",
    "owed",
    "billed",
    "committed",
    "counted",
    "cumulative",
    "before",
    "kept",
    "sum",
    "total",
}
