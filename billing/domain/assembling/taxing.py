"""Tax of an invoice's lines: once per group, per line, or once per invoice.

Exclusive: tax = round(Σ net * r). Inclusive: tax = round(Σ gross * r / (1 + r)), and the nets are
what is left of the gross.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from billing.domain.assembling.inputs import TaxTreatment
from billing.domain.assembling.rounding import spread
from control_plane.catalog.policies import Policies, TaxRounding
from control_plane.kernel.rounding import round_ratio


@dataclass(frozen=True, slots=True)
class Taxable:
    """An amount to be taxed, in minor units: net, or gross where ``inclusive``."""

    key: str
    minor: int
    inclusive: bool
    treatment: TaxTreatment

    @property
    def factor(self) -> Fraction:
        """The share of the amount that is its tax."""
        return tax_factor(self.treatment, inclusive=self.inclusive)

    @property
    def exact(self) -> Fraction:
        """The exact tax."""
        return self.minor * self.factor


def tax_factor(treatment: TaxTreatment, *, inclusive: bool) -> Fraction:
    """Return what an amount is multiplied by to give its tax: r, or r / (1 + r)."""
    rate = Fraction(treatment.rate) / 100
    return rate / (1 + rate) if inclusive else rate


def taxes_of(lines: Sequence[Taxable], policies: Policies) -> list[int]:
    """Return each line's tax in minor units; they add up to what the policy rounds.

    Worked example, 13 % by group: nets 33 and 34 give round(67 * 0.13 = 8.71) = 9, split 4 and 5.
    """
    found = [0] * len(lines)
    for places in _buckets(lines, policies.tax_rounding):
        group = [lines[i] for i in places]
        for place, tax in zip(places, _tax_bucket(group, policies), strict=True):
            found[place] = tax
    return found


def _buckets(lines: Sequence[Taxable], rounding: TaxRounding) -> list[list[int]]:
    """Return which lines are rounded together, by their places."""
    buckets: dict[tuple[object, ...], list[int]] = {}
    for place, line in enumerate(lines):
        if rounding is TaxRounding.LINE:
            key: tuple[object, ...] = (place,)
        elif rounding is TaxRounding.INVOICE:
            key = (line.inclusive,)
        else:
            key = (line.inclusive, line.treatment.code, line.treatment.rate)
        buckets.setdefault(key, []).append(place)
    return list(buckets.values())


def _tax_bucket(group: Sequence[Taxable], policies: Policies) -> list[int]:
    tax = round_ratio(sum((line.exact for line in group), Fraction(0)), policies.rounding)
    keys = [line.key for line in group]
    if not group[0].inclusive or len({line.factor for line in group}) > 1:
        return spread(tax, [line.exact for line in group], keys, policies.split_ties)
    # The rule splits an inclusive group's net, so that ties fall to nets and not to taxes.
    amounts = [line.minor for line in group]
    nets = spread(sum(amounts) - tax, amounts, keys, policies.split_ties)
    return [amount - net for amount, net in zip(amounts, nets, strict=True)]
