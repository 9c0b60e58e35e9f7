"""The price of a charge's usage: group by group by its model, then discount and bounds."""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from itertools import groupby

from billing.domain.pricing.bounds import bound, least
from billing.domain.pricing.capacity import price_capacity
from billing.domain.pricing.dynamic import price_dynamic
from billing.domain.pricing.graduated import price_graduated
from billing.domain.pricing.graduated_percentage import price_graduated_percentage
from billing.domain.pricing.matrix import named, price_matrix
from billing.domain.pricing.package import price_package
from billing.domain.pricing.parts import ZERO, Asked, Priced, Step, UsagePrice
from billing.domain.pricing.per_unit import price_per_unit
from billing.domain.pricing.percentage import price_percentage
from billing.domain.pricing.volume import price_volume
from control_plane.catalog.domain import Charge, ChargeKind
from control_plane.catalog.policies import DEFAULTS, Policies
from control_plane.kernel.exact import exact_decimal, quantity_text
from metering.domain.usage import Usage, UsageGroup

MODELS: Mapping[ChargeKind, Callable[[Asked, UsageGroup], Priced]] = {
    ChargeKind.PER_UNIT: price_per_unit,
    ChargeKind.GRADUATED: price_graduated,
    ChargeKind.VOLUME: price_volume,
    ChargeKind.PACKAGE: price_package,
    ChargeKind.PERCENTAGE: price_percentage,
    ChargeKind.GRADUATED_PERCENTAGE: price_graduated_percentage,
    ChargeKind.CAPACITY: price_capacity,
    ChargeKind.DYNAMIC: price_dynamic,
}
"""The models that price one group by itself; a matrix looks at all cells of a group."""


def price_usage(
    charge: Charge,
    usage: Usage | Decimal | Fraction,
    share: Fraction,
    policies: Policies = DEFAULTS,
    *,
    days: tuple[int, int] | None = None,
    final: bool = True,
) -> UsagePrice:
    """Price a meter's usage over ``share`` of a period (1: all of it). Nothing is rounded.

    The included quantity, the flat fees and the bounds shrink with the share; tier bounds and
    package sizes do not. Each group of a grouped charge has its own included quantity, tiers and
    packages; discount, minimum and maximum are the whole charge's. Usage is cumulative: what a
    later part of the period costs is this price less what was billed of it before, for which
    ``final`` is false until the period closes.

    Args:
        charge: what is charged, and by which model.
        usage: all that was used so far; a number where nothing more is known of it.
        share: the part of the period that the charge is for.
        policies: the conventions in force.
        days: how the share is told to people, such as (10, 31); its own terms by default.
        final: whether the period is complete.

    Raises:
        MatrixPriceMissing: a matrix has no price for some of the usage.
        TypeError: the usage lacks what the charge's model needs.
    """
    asked = Asked(charge, share, policies, days or (share.numerator, share.denominator), final)
    used = usage if isinstance(usage, Usage) else _of_number(charge, usage)
    priced = list(_price_groups(asked, used))
    amount = sum((group.amount for group in priced), ZERO)
    bounded, bounds = bound(asked, amount)
    return UsagePrice(
        amount=bounded,
        quantity=Fraction(used.quantity),
        included=sum((group.included for group in priced), ZERO),
        billable=sum((group.billable for group in priced), ZERO),
        parts=tuple(part for group in priced for part in group.parts),
        steps=(*(step for group in priced for step in group.steps), *bounds),
        least=least(asked),
    )


def _price_groups(asked: Asked, usage: Usage) -> Iterator[Priced]:
    charge = asked.charge
    width = len(charge.group_by)
    if charge.kind is ChargeKind.MATRIX:
        for values, cells in groupby(sorted(usage.groups, key=_values), _first(width)):
            yield _headed(charge, values, price_matrix(asked, tuple(cells)))
    elif width:
        for group in sorted(usage.groups, key=_values):
            yield _headed(charge, group.values, MODELS[charge.kind](asked, group))
    else:
        yield MODELS[charge.kind](asked, usage.whole())


def _values(group: UsageGroup) -> tuple[str, ...]:
    return group.values


def _first(width: int) -> Callable[[UsageGroup], tuple[str, ...]]:
    return lambda group: group.values[:width]


def _headed(charge: Charge, values: tuple[str, ...], priced: Priced) -> Priced:
    if not values:
        return priced
    heading: Step = {"step": "group", "group": named(charge.group_by, values)}
    return Priced(
        amount=priced.amount,
        steps=(heading, *priced.steps),
        included=priced.included,
        billable=priced.billable,
        parts=priced.parts,
    )


def _of_number(charge: Charge, number: Decimal | Fraction) -> Usage:
    """Stand in for usage of which nothing but its size is known, as in an estimate.

    It is one event, in one group of empty values; for prices of money the number is the money.
    """
    exact = number if isinstance(number, Decimal) else exact_decimal(quantity_text(number))
    money = exact if charge.of_money else Decimal(0)
    nothing_known = ("",) * len(charge.dimensions)
    group = UsageGroup(nothing_known, exact, 1, money, (money,))
    groups = (group,) if charge.dimensions and exact else ()
    return Usage(exact, events=1, amount=money, amounts=(money,), groups=groups)
