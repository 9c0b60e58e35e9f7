"""From frozen invoices and credit notes to the lines of a fapiao.

The tax of an invoice is computed per rate; where a fapiao prints it line by line, the rate's tax is
spread by largest remainder, so that the lines add up to it exactly.
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
    SERVICE_CODE,
    SERVICE_LABEL,
    UNTAXED,
    FapiaoContent,
    FapiaoLine,
    rate_of,
)
from control_plane.kernel.money import Money, allocate

Body = Mapping[str, Any]

_RATE_BY_CODE = {"E": EXEMPT, "O": UNTAXED}


@dataclass(frozen=True, slots=True)
class Credited:
    """What a credit note took of the invoice's line ``key``, in fen, both positive."""

    key: str
    net_minor: int
    tax_minor: int
    rate: str


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
    """What is left of a line."""

    line: Body
    net: int
    whole: bool


def compose(bills: Iterable[Bill]) -> FapiaoContent:
    """Return the lines over what is left of the bills, in their order.

    An untouched line shows its price and, right behind, its discounts as one negative line; of a
    line that was credited in part, only what is left is shown.
    """
    found = [line for bill in bills for line in _lines_of(bill)]
    numbered = []
    for position, line in enumerate(found, start=1):
        follows = None if line.discount_of is None else position - 1
        numbered.append(replace(line, position=position, discount_of=follows))
    return FapiaoContent(tuple(numbered))


def _lines_of(bill: Bill) -> Iterator[FapiaoLine]:
    left = _left(bill)
    taxes = _taxes_left(bill)
    if bill.card_minor:
        left, taxes = _without_card(left, taxes, bill)
    shares = spread_tax([(entry.line["tax_rate"], entry.net) for entry in left], taxes)
    for entry, tax in zip(left, shares, strict=True):
        yield from _shown(bill, entry, tax)


def _left(bill: Bill) -> list[_Left]:
    credited: dict[str, int] = {}
    for line in (line for note in bill.notes for line in note.lines):
        credited[line.key] = credited.get(line.key, 0) + line.net_minor
    found = [
        _Left(line, line["net_minor"] - credited.get(line["key"], 0), line["key"] not in credited)
        for line in bill.body["lines"]
    ]
    return [entry for entry in found if entry.net]


def _taxes_left(bill: Bill) -> dict[str, int]:
    """Return what is left of the invoice's tax by the text of its rate."""
    taxes: dict[str, int] = {}
    for group in bill.body.get("taxes", ()):
        taxes[group["rate"]] = taxes.get(group["rate"], 0) + group["tax_minor"]
    for line in (line for note in bill.notes for line in note.lines):
        taxes[line.rate] = taxes.get(line.rate, 0) - line.tax_minor
    return taxes


def _without_card(
    left: Sequence[_Left], taxes: Mapping[str, int], bill: Bill
) -> tuple[list[_Left], dict[str, int]]:
    """Take away what a card paid, in proportion over the lines, tax included."""
    shares = spread_tax([(entry.line["tax_rate"], entry.net) for entry in left], taxes)
    gross = [entry.net + tax for entry, tax in zip(left, shares, strict=True)]
    paid = min(bill.card_minor, sum(gross))
    taken = [m.minor for m in allocate(Money(paid, CNY), gross)] if paid else [0] * len(gross)
    rest, kept = [], dict.fromkeys(taxes, 0)
    for entry, before, minus in zip(left, gross, taken, strict=True):
        after = Money(before - minus, CNY)
        net = after.scale(1 / (1 + rate_of(entry.line["tax_rate"]))).minor
        kept[entry.line["tax_rate"]] += after.minor - net
        if net:
            rest.append(replace(entry, net=net, whole=False))
    return rest, kept


def spread_tax(lines: Sequence[tuple[str, int]], taxes: Mapping[str, int]) -> list[int]:
    """Spread each rate's tax over the lines (rate, net) of that rate, by largest remainder."""
    shares = [0] * len(lines)
    for rate, tax in taxes.items():
        places = [place for place, (of, _) in enumerate(lines) if of == rate]
        if tax and places:
            parts = allocate(Money(tax, CNY), [lines[place][1] for place in places])
            for place, part in zip(places, parts, strict=True):
                shares[place] = part.minor
    return shares


def _shown(bill: Bill, entry: _Left, tax: int) -> Iterator[FapiaoLine]:
    line, rate = entry.line, _rate(bill.body, entry.line)
    full, net = _full(entry), entry.net
    shown = FapiaoLine(
        position=0,
        name=_name(line),
        code=PREPAID_CODE if line["tax_category"] == PREPAID_CATEGORY else SERVICE_CODE,
        unit=None if line["unit"] is None else line["unit"]["zh"],
        quantity=line["quantity"] if entry.whole else None,
        net_minor=net,
        rate=rate,
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


def _rate(body: Body, line: Body) -> str:
    groups = [group for group in body["taxes"] if group["rate"] == line["tax_rate"]]
    named = [group for group in groups if group["category"] == line["tax_category"]]
    code = (named or groups or [{"code": "S"}])[0]["code"]
    return _RATE_BY_CODE.get(code, str(line["tax_rate"]))


def _name(line: Body) -> str:
    """Name the goods as the platform wants it: the class between asterisks, then our words."""
    label = PREPAID_LABEL if line["tax_category"] == PREPAID_CATEGORY else SERVICE_LABEL
    item, charge = line["item_name"]["zh"], line["name"]["zh"]
    return f"*{label}*{item if item == charge else f'{item} {charge}'}"
