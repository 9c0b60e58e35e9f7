"""Sums that invoices and credit notes share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from billing.domain.assembling.inputs import TaxTreatment
from billing.domain.assembling.results import BilledLine, TaxGroup
from control_plane.catalog.domain import Text
from control_plane.kernel.money import Money


class Amounts(Protocol):
    """A line's amounts, of an invoice or of a credit note."""

    @property
    def amount(self) -> Money: ...  # noqa: D102
    @property
    def discount(self) -> Money: ...  # noqa: D102
    @property
    def net(self) -> Money: ...  # noqa: D102
    @property
    def tax(self) -> Money: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Sums:
    """What a document's lines add up to."""

    subtotal: Money
    discount: Money
    net: Money
    tax: Money

    @property
    def total(self) -> Money:
        """Net and tax together."""
        return self.net + self.tax


def sums_of(lines: Sequence[Amounts]) -> Sums:
    """Add up at least one line."""
    currency = lines[0].amount.currency
    return Sums(
        subtotal=Money.total((line.amount for line in lines), currency),
        discount=Money.total((line.discount for line in lines), currency),
        net=Money.total((line.net for line in lines), currency),
        tax=Money.total((line.tax for line in lines), currency),
    )


def group_taxes(
    lines: Sequence[BilledLine], treatments: Mapping[str, TaxTreatment]
) -> tuple[TaxGroup, ...]:
    """Return one group per code and rate (EN 16931, BG-23), in the order of the lines."""
    reasons = {line.tax_category: _reason(treatments, line.tax_category) for line in lines}
    taxed = [line for line in lines if line.tax_code is not None]
    return grouped([(line, line.net, line.tax) for line in taxed], reasons)


def grouped(
    rows: Sequence[tuple[BilledLine, Money, Money]], reasons: Mapping[str, Text | None]
) -> tuple[TaxGroup, ...]:
    """Add up nets and taxes by the code and rate of the lines they belong to."""
    found: dict[tuple[str, Decimal], TaxGroup] = {}
    for line, net, tax in rows:
        code = line.tax_code or ""
        before = found.get((code, line.tax_rate))
        if before is None:
            reason = reasons.get(line.tax_category)
            group = TaxGroup(line.tax_category, code, line.tax_rate, net, tax, reason)
        else:
            base, total, reason = before.base + net, before.tax + tax, before.reason
            group = TaxGroup(before.category, code, line.tax_rate, base, total, reason)
        found[code, line.tax_rate] = group
    return tuple(found.values())


def _reason(treatments: Mapping[str, TaxTreatment], category: str) -> Text | None:
    found = treatments.get(category)
    return None if found is None else found.reason
