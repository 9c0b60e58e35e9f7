"""What the newest rating version makes of a document that an earlier one issued.

Versions cut the same time into other lines: 2026.1 wrote what a plan change gave back and what it
asked for beside the fee, where an item now is one amount for its whole period. What both must agree
on is what stands billed of an item once the document is issued; so that is compared, item by item.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from billing.domain.converge import Instant, owing
from billing.domain.documents.replay import timelines_as_known
from billing.domain.items import Item, PolicyBook
from billing.domain.lines import Versions
from billing.domain.rating import InvoiceLine, Measured, rate_items
from control_plane.kernel.calendar import parse_instant
from control_plane.kernel.currency import currency
from control_plane.kernel.money import Money
from control_plane.kernel.said import Said
from control_plane.subscriptions.domain import Timeline


@dataclass(frozen=True, slots=True)
class Stood:
    """An invoiced line: the item it bills, and what stood billed of that with it, minor units."""

    line_key: str
    item_key: str
    billed_minor: int


def items_of(
    body: Mapping[str, Any],
    manifest: Mapping[str, Any],
    timelines: Iterable[Timeline],
    versions: Versions,
) -> tuple[Item, ...]:
    """Return what the newest version finds owed at a document's instant, as far back as it bills.

    By what the document knew: later entries of the timelines do not count.
    """
    known = timelines_as_known(timelines, manifest)
    due_at = parse_instant(manifest["due_at"])
    first = min((parse_instant(line["start"]) for line in body["lines"]), default=due_at)
    reach: dict[Any, datetime] = {t.subscription_id: first for t in known}
    instant = Instant(due_at, due_at - timedelta(microseconds=1), "", None, reach)
    return owing(known, versions, PolicyBook({}), instant)


def newest_differences(
    stood: Sequence[Stood],
    items: Iterable[Item],
    measured: Mapping[str, Measured],
    code: str,
) -> tuple[str, ...]:
    """Say of which items the newest version would let another amount stand billed.

    Args:
        stood: the document's lines; several of one item carry the same amount.
        items: what `items_of` gave.
        measured: what was measured for each usage item, by item key.
        code: the document's currency.
    """
    said = {line.item_key: Money(line.billed_minor, currency(code)) for line in stood}
    wanted = [item for item in items if item.key in said]
    owed = {rated.item.key: rated.owed for rated in rate_items(wanted, measured, said.get)}
    nothing = Money.zero(currency(code))
    return tuple(
        Said(
            "item {key} comes to {found}, not {amount}",
            key=key,
            found=owed.get(key, nothing).decimal_text(),
            amount=amount.decimal_text(),
        )
        for key, amount in said.items()
        if owed.get(key, nothing) != amount
    )


def line_differences(
    body: Mapping[str, Any], lines: Sequence[InvoiceLine], code: str
) -> tuple[str, ...]:
    """Say which lines of an invoice, made by the newest version itself, come to other amounts."""
    again = {line.key: line.amount for line in lines}
    nothing = Money.zero(currency(code))
    said = {line["key"]: Money(line["amount_minor"], currency(code)) for line in body["lines"]}
    return tuple(
        Said(
            "line {key} comes to {found}, not {amount}",
            key=key,
            found=again.get(key, nothing).decimal_text(),
            amount=amount.decimal_text(),
        )
        for key, amount in said.items()
        if again.get(key, nothing) != amount
    )
