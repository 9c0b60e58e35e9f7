"""A credit note's amounts: what part of an issued invoice it takes back.

Every part is taken in proportion to what is *left* of it, so a line can be credited in any number
of notes and in any order: none takes more than is left, and the one that takes the last of a line
takes the last of its discounts, its net and its tax.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, floor
from types import MappingProxyType

from billing.domain.assembling.errors import CreditExceedsLine, LineNotOnInvoice
from billing.domain.assembling.results import (
    Already,
    BilledInvoice,
    BilledLine,
    LineDiscount,
    NoteAmounts,
    NoteLine,
)
from billing.domain.assembling.rounding import spread, spread_within
from billing.domain.assembling.sums import grouped, sums_of
from control_plane.catalog.policies import Policies, SplitTies, TaxRounding
from control_plane.kernel.money import Money
from control_plane.kernel.rounding import round_ratio

_NOTHING: Already = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class _Left:
    """What is left of a line, and (once known) what this note takes, in minor units."""

    line: BilledLine
    amount: int
    discounts: tuple[int, ...]
    net: int
    tax: int
    asked: int = 0
    cuts: tuple[int, ...] = ()

    @property
    def taken(self) -> int:
        """What is taken after discounts: net, or gross where the price is inclusive."""
        return self.asked - sum(self.cuts)

    @property
    def taxable(self) -> int:
        """What is left after discounts, in the same sense."""
        return self.net + self.tax if self.line.tax_inclusive else self.net

    @property
    def factor(self) -> Fraction:
        """The share of the taxable amount that is its tax."""
        rate = Fraction(self.line.tax_rate) / 100
        return rate / (1 + rate) if self.line.tax_inclusive else rate

    @property
    def bounds(self) -> tuple[int, int]:
        """The least and the most tax this note may take, so that neither net nor tax runs out."""
        if self.taken == self.taxable:
            return self.tax, self.tax
        if not self.line.tax_inclusive:
            return 0, self.tax
        return max(self.taken - self.net, 0), min(self.tax, self.taken)


def reduce(
    original: BilledInvoice,
    reductions: Mapping[str, Money],
    *,
    policies: Policies,
    already: Already = _NOTHING,
) -> NoteAmounts:
    """Compute a credit note over lines of an invoice.

    Args:
        original: the invoice as it was issued.
        reductions: by line key, how much of the line's ``amount`` (before discounts; gross where
            the price is inclusive) is taken back: positive, at least one. The line's discounts
            go with it in proportion.
        policies: those the invoice was made with.
        already: what earlier notes took, summed by line key.

    Raises:
        LineNotOnInvoice: a key is no line of the invoice.
        CreditExceedsLine: more of a line than was invoiced and not credited.
    """
    lines = {line.key: line for line in original.lines}
    left = {key: _left(line, already) for key, line in lines.items()}
    for key, amount in reductions.items():
        if key not in lines:
            raise LineNotOnInvoice(line=key)
        left[key] = _ask(left[key], amount)
    taken = [left[key] for key in lines if left[key].asked]
    taxes: dict[str, int] = {}
    for group in _groups(list(left.values())):
        taxes.update(_group_taxes(group, policies))
    notes = tuple(_note_line(line, taxes[line.line.key]) for line in taken)
    reasons = {group.category: group.reason for group in original.taxes}
    rows = [(note.of, note.net, note.tax) for note in notes if note.of.tax_code is not None]
    sums = sums_of(notes)
    return NoteAmounts(
        lines=notes,
        taxes=grouped(rows, reasons),
        subtotal=sums.subtotal,
        discount=sums.discount,
        net=sums.net,
        tax=sums.tax,
        total=sums.total,
    )


def _left(line: BilledLine, already: Already) -> _Left:
    taken = already.get(line.key)
    discounts = [discount.amount.minor for discount in line.discounts]
    if taken is None:
        return _Left(line, line.amount.minor, tuple(discounts), line.net.minor, line.tax.minor)
    return _Left(
        line=line,
        amount=line.amount.minor - taken.amount.minor,
        discounts=tuple(
            whole - part.minor for whole, part in zip(discounts, taken.discounts, strict=True)
        ),
        net=line.net.minor - taken.net.minor,
        tax=line.tax.minor - taken.tax.minor,
    )


def _ask(left: _Left, amount: Money) -> _Left:
    """Take an amount off a line, and of each discount what goes with it."""
    still = Money(left.amount, left.line.amount.currency)
    if amount.minor <= 0 or amount > still:
        raise CreditExceedsLine(
            line=left.line.key, left=still, asked=amount, field=f"lines.{left.line.key}"
        )
    discount = sum(left.discounts)
    # Rounded down: what is taken of the net is then never less than its share.
    cut = discount * amount.minor // left.amount
    keys = [d.code for d in left.line.discounts]
    cuts = spread(cut, left.discounts, keys, SplitTies.INPUT_ORDER)
    return replace(left, asked=amount.minor, cuts=tuple(cuts))


def _groups(lines: Sequence[_Left]) -> list[list[_Left]]:
    """Return all lines that are taxed together, those the note leaves alone included."""
    groups: dict[object, list[_Left]] = {}
    for left in lines:
        key = (left.line.tax_code, left.line.tax_rate, left.line.tax_inclusive)
        groups.setdefault(key, []).append(left)
    return list(groups.values())


def _group_taxes(group: Sequence[_Left], policies: Policies) -> dict[str, int]:
    """Return the tax taken of each line: together what the group's rule rounds, within bounds."""
    taken = [left for left in group if left.asked]
    if not taken:
        return {}
    bounds = [left.bounds for left in taken]
    lows, highs = [low for low, _ in bounds], [high for _, high in bounds]
    exact = [left.taken * left.factor for left in taken]
    if policies.tax_rounding is TaxRounding.LINE:
        wanted = sum(round_ratio(tax, policies.rounding) for tax in exact)
    else:
        wanted = _within_the_rest(
            round_ratio(sum(exact, Fraction(0)), policies.rounding), group, taken
        )
    tax = min(max(wanted, sum(lows)), sum(highs))
    parts = spread_within(tax, exact, lows, highs)
    return {left.line.key: part for left, part in zip(taken, parts, strict=True)}


def _within_the_rest(wanted: int, group: Sequence[_Left], taken: Sequence[_Left]) -> int:
    """Move a note's tax so that what stays behind is still the tax of what stays behind.

    Otherwise roundings of many small notes would pile up in the last one.
    """
    tax = sum(left.tax for left in group)
    rest = sum(left.taxable for left in group) - sum(left.taken for left in taken)
    stays = rest * group[0].factor
    return min(max(wanted, tax - ceil(stays)), tax - floor(stays))


def _note_line(left: _Left, tax: int) -> NoteLine:
    line, code = left.line, left.line.amount.currency
    return NoteLine(
        key=line.key,
        of=line,
        amount=Money(left.asked, code),
        discounts=tuple(
            LineDiscount(d.kind, d.id, d.code, d.name, Money(cut, code))
            for d, cut in zip(line.discounts, left.cuts, strict=True)
        ),
        net=Money(left.taken - tax if line.tax_inclusive else left.taken, code),
        tax=Money(tax, code),
    )
