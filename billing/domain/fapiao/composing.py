"""From frozen invoices and credit notes to the lines of a fapiao.

The tax of an invoice is computed per rate, and its frozen lines say each one's share by largest
remainder: a fapiao, which prints tax line by line, shows those, so that its lines add up exactly.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from billing.domain.fapiao.content import (
    CNY,
    EXEMPT,
    PREPAID_CATEGORY,
    PREPAID_CODE,
    PREPAID_LABEL,
    SERVICE,
    UNTAXED,
    FapiaoContent,
    FapiaoLine,
    GoodsClass,
    rate_of,
)
from control_plane.kernel.money import Money, allocate

Body = Mapping[str, Any]
Classes = Mapping[str, GoodsClass]

_NO_CLASSES: Classes = {}

_RATE_BY_CODE = {"E": EXEMPT, "O": UNTAXED}


@dataclass(frozen=True, slots=True)
class Credited:
    """What a credit note took of the invoice's line ``key``, in fen, both positive."""

    key: str
    net_minor: int
    tax_minor: int


@dataclass(frozen=True, slots=True)
class Note:
    """A credit note of one invoice."""

    number: str
    lines: tuple[Credited, ...]


@dataclass(frozen=True, slots=True)
class Bill:
    """An issued invoice, as its frozen body of format 2, with its credit notes.

    ``card_minor`` is what a prepaid card paid of it: that was invoiced when the card was filled.
    """

    body: Body
    notes: Sequence[Note] = ()
    card_minor: int = 0

    @property
    def number(self) -> str:
        """The invoice's number."""
        return str(self.body["number"])

    @property
    def taxed(self) -> bool:
        """Whether it states a tax at all, be it of 0 %."""
        return bool(self.body.get("taxes"))


@dataclass(frozen=True, slots=True)
class _Left:
    """What is left of a line: its net and its tax."""

    line: Body
    net: int
    tax: int
    whole: bool


def compose(bills: Iterable[Bill], classes: Classes = _NO_CLASSES) -> FapiaoContent:
    """Return the lines over what is left of the bills, in their order.

    An untouched line shows its price and, right behind, its discounts as one negative line; of a
    line that was credited in part, only what is left is shown. ``classes`` are those of the
    seller's tax categories.
    """
    found = [line for bill in bills for line in _lines_of(bill, classes)]
    numbered = []
    for position, line in enumerate(found, start=1):
        follows = None if line.discount_of is None else position - 1
        numbered.append(replace(line, position=position, discount_of=follows))
    return FapiaoContent(tuple(numbered))


def _lines_of(bill: Bill, classes: Classes) -> Iterator[FapiaoLine]:
    left = _left(bill)
    if bill.card_minor:
        left = _without_card(left, bill.card_minor)
    for entry in left:
        yield from _shown(bill, entry, _class_of(entry.line, classes))


def _left(bill: Bill) -> list[_Left]:
    net: dict[str, int] = {}
    tax: dict[str, int] = {}
    for line in (line for note in bill.notes for line in note.lines):
        net[line.key] = net.get(line.key, 0) + line.net_minor
        tax[line.key] = tax.get(line.key, 0) + line.tax_minor
    found = [
        _Left(
            line,
            line["net_minor"] - net.get(line["key"], 0),
            line["tax_minor"] - tax.get(line["key"], 0),
            line["key"] not in net,
        )
        for line in bill.body["lines"]
    ]
    return [entry for entry in found if entry.net or entry.tax]


def _without_card(left: Sequence[_Left], card_minor: int) -> list[_Left]:
    """Take away what a card paid, in proportion over the lines, tax included."""
    gross = [entry.net + entry.tax for entry in left]
    paid = min(card_minor, sum(gross))
    taken = [part.minor for part in allocate(Money(paid, CNY), gross)] if paid else []
    rest = []
    for entry, before, minus in zip(left, gross, taken, strict=True):
        after = Money(before - minus, CNY)
        net = after.scale(1 / (1 + rate_of(entry.line["tax_rate"]))).minor
        if after.minor:
            rest.append(replace(entry, net=net, tax=after.minor - net, whole=False))
    return rest


def _shown(bill: Bill, entry: _Left, goods: GoodsClass) -> Iterator[FapiaoLine]:
    line = entry.line
    full, net, tax = _full(entry), entry.net, entry.tax
    shown = FapiaoLine(
        position=0,
        name=_name(line, goods),
        code=goods.code,
        unit=None if line["unit"] is None else line["unit"]["zh"],
        quantity=line["quantity"] if entry.whole else None,
        net_minor=net,
        rate=_RATE_BY_CODE.get(line["tax_code"]) or str(line["tax_rate"]),
        tax_minor=tax,
        source=bill.number,
        key=line["key"],
    )
    if full <= net:
        yield shown
        return
    full_tax = Money(full, CNY).scale(rate_of(line["tax_rate"])).minor
    yield replace(shown, net_minor=full, tax_minor=full_tax)
    yield replace(
        shown,
        unit=None,
        quantity=None,
        net_minor=net - full,
        tax_minor=tax - full_tax,
        discount_of=0,
    )


def _full(entry: _Left) -> int:
    """Return an untouched line's net before its discounts."""
    line = entry.line
    discount = sum(found["amount_minor"] for found in line["discounts"])
    if not entry.whole or not discount:
        return entry.net
    if not line["tax_inclusive"]:
        return int(line["amount_minor"])
    gross = Money(line["amount_minor"], CNY)
    return gross.scale(1 / (1 + rate_of(line["tax_rate"]))).minor


def _class_of(line: Body, classes: Classes) -> GoodsClass:
    category = line["tax_category"]
    if category == PREPAID_CATEGORY:
        return GoodsClass(PREPAID_CODE, PREPAID_LABEL)
    return classes.get(category, SERVICE)


def _name(line: Body, goods: GoodsClass) -> str:
    """Name the goods as the platform wants it: the class between asterisks, then our words."""
    item, charge = line["item_name"]["zh"], line["name"]["zh"]
    return f"*{goods.label}*{item if item == charge else f'{item} {charge}'}"
