"""Credit-note balances, then prepaid ones, against an invoice's total."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from billing.domain.assembling.inputs import Balance, PrepaidTax
from billing.domain.assembling.results import AppliedBalance
from billing.domain.assembling.rounding import spread
from control_plane.catalog.policies import SplitTies
from control_plane.kernel.money import Money, round_half_away


def settle_by(balances: Sequence[Balance], total: Money) -> tuple[AppliedBalance, ...]:
    """Use up balances in their order until nothing is due; whatever is not needed stays."""
    applied, left = [], total
    for balance in balances:
        amount = min(left, balance.amount)
        if amount.minor <= 0:
            continue
        left -= amount
        applied.append(
            AppliedBalance(
                id=balance.id,
                kind=balance.kind,
                reference=balance.reference,
                amount=amount,
                policy=balance.policy,
                taxes=tax_share(balance, amount),
            )
        )
    return tuple(applied)


def tax_share(balance: Balance, amount: Money) -> tuple[PrepaidTax, ...]:
    """Return the tax paid with a top-up that goes with a part of it, per rate.

    Using the last of a balance takes the last of its tax: uses in any sizes add up to it exactly.
    """
    if not balance.taxes:
        return ()
    gross = [row.base.minor + row.tax.minor for row in balance.taxes]
    parts = spread(amount.minor, gross, [""] * len(gross), SplitTies.INPUT_ORDER)
    return tuple(
        _part(row, part, whole)
        for row, part, whole in zip(balance.taxes, parts, gross, strict=True)
        if part
    )


def _part(row: PrepaidTax, part: int, whole: int) -> PrepaidTax:
    tax = Money(round_half_away(Fraction(row.tax.minor * part, whole)), row.tax.currency)
    return replace(row, base=Money(part, row.tax.currency) - tax, tax=tax)
