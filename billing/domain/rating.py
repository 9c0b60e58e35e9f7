"""Rating: from an item and a measurement to what is owed of it, with its reasons.

Nothing is rounded but the amount owed of an item, once, alone or with what is due with it. What is
invoiced is the difference between that and what was billed of the item before. Worked example: a
fee of CNY 1,999.00 with 12 of 31 days is 1,999 * 12/31 = 773.806…, so CNY 773.81.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from uuid import UUID

from billing.domain.groups.splitting import CentreUsage
from billing.domain.numbers import exact_text
from billing.domain.owing.item import Item, LineKind
from billing.domain.pricing import Step, price_usage
from billing.domain.rated import Measured, Rated, Standing
from billing.domain.rating_steps import (
    allowance_step,
    bearing_steps,
    fee_steps,
    fixed_steps,
    rounding_steps,
)
from billing.domain.together import Bearing, Members, bearings, recorded, sums_of
from control_plane.catalog.domain import Text
from control_plane.catalog.policies import ShortPeriod
from control_plane.kernel.calendar import Period
from control_plane.kernel.ids import SubscriptionId
from control_plane.kernel.money import Money

__all__ = [
    "RATING_VERSION",
    "InvoiceLine",
    "Measured",
    "Rated",
    "Step",
    "difference",
    "rate_item",
    "rate_items",
]

RATING_VERSION = "2026.2"
"""Named in every manifest. A change of any amount or text below needs a new one."""

_NOTHING = Fraction(0)


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """The difference of one item: ``amount`` is ``owed`` less ``billed``, before discounts.

    Net of tax, or gross where ``tax_inclusive``. A negative one is taken off earlier invoices.
    No coupon before the minimum leaves less than ``floor``; see `Rated` for ``topped_up``.
    ``centres`` are the customer's cost centres that it is spread over, empty where none is named.
    """

    key: str
    item_key: str
    revision: int
    kind: LineKind
    due_at: datetime
    subscription_id: SubscriptionId
    version_id: UUID
    item: str
    item_name: Text
    charge_code: str
    name: Text
    service: Period
    zone: str
    quantity: Decimal | None
    unit: Text | None
    amount: Money
    owed: Money
    billed: Money
    tax_category: str
    tax_inclusive: bool
    discountable: bool
    steps: tuple[Step, ...]
    tags: tuple[tuple[str, str], ...] = ()
    floor: Money | None = None
    topped_up: tuple[tuple[str, int], ...] = ()
    centres: tuple[CentreUsage, ...] = ()


def rate_items(
    items: Iterable[Item],
    measured: Mapping[str, Measured],
    standing: Standing | None = None,
    sums: Iterable[Members] | None = None,
) -> tuple[Rated, ...]:
    """Rate items in their order. Those that count others take what these owe now, or ``standing``.

    ``sums`` are what is rounded together where not all of it is among the items: what a document
    was computed from. By default it is found among them.

    Raises:
        LookupError: a usage item was not measured.
    """
    wanted = list(items)
    owed: dict[str, Rated] = {}
    known = None if sums is None else tuple(sums)
    for _, due in groupby(sorted(wanted, key=_turn), key=_turn):
        rate = {item.key: _rating(item, measured, owed, standing) for item in due}
        rated = {key: found(None) for key, found in rate.items()}
        owed.update(rated)
        for group in sums_of(rated.values()) if known is None else recorded(known, rated):
            of = next(rated[key] for key, _ in group if key in rated)
            borne = bearings(group, of)
            owed.update({key: rate[key](borne[key]) for key in borne if key in rate})
    return tuple(owed[item.key] for item in wanted)


def _rating(
    item: Item,
    measured: Mapping[str, Measured],
    owed: Mapping[str, Rated],
    standing: Standing | None,
) -> Callable[[Bearing | None], Rated]:
    """Return what rates an item: alone, or as it bears its part of a sum."""
    amounts = [_standing(key, owed, standing) for key in item.counts]
    counted = Money.total((a for a in amounts if a is not None), item.currency)
    shares = _shares(item, amounts)

    def rate(bearing: Bearing | None) -> Rated:
        return replace(rate_item(item, measured.get(item.key), counted, bearing), shares=shares)

    return rate


def _shares(item: Item, amounts: Sequence[Money | None]) -> tuple[tuple[str, int], ...]:
    """Return what a true-up tops up by tax category, unless it has a category of its own."""
    if item.tax_category:
        return ()
    found: dict[str, int] = {}
    for category, amount in zip(item.tops_up, amounts, strict=False):
        if amount is not None and amount.minor > 0:
            found[category] = found.get(category, 0) + amount.minor
    return tuple(found.items())


def _turn(item: Item) -> tuple[bool, datetime]:
    """Items that count others come after them: allowances as they fall due, commitments last."""
    return item.kind is LineKind.COMMITMENT, item.due_at


def _standing(key: str, owed: Mapping[str, Rated], standing: Standing | None) -> Money | None:
    if key in owed:
        return owed[key].owed
    return None if standing is None else standing(key)


def rate_item(
    item: Item,
    measured: Measured | None = None,
    counted: Money | None = None,
    bearing: Bearing | None = None,
) -> Rated:
    """Price an item. ``counted`` is what the items that it counts come to.

    It is rounded alone, unless ``bearing`` says what it bears of a sum.

    Raises:
        LookupError: a usage item was not measured.
    """
    before = Money.zero(item.currency) if counted is None else counted
    if item.usage is not None:
        if measured is None:
            raise LookupError(f"item {item.key} was not measured")
        return _rate_usage(item, measured, before, bearing)
    exact = sum((part.exact for part in item.fee_parts), _NOTHING)
    if item.fixed is not None:
        steps = (*fee_steps(item), *fixed_steps(item, item.fixed))
        return Rated(item, item.fixed.major, item.fixed, _quantity(item), None, steps)
    amount, rounding = _rounded(item, exact, bearing)
    steps = (*fee_steps(item), *rounding)
    if item.kind is LineKind.COMMITMENT:
        return _true_up(item, amount, before, steps)
    least = sum((part.least * part.share.fraction for part in item.fee_parts), _NOTHING)
    return Rated(item, exact, amount, _quantity(item), None, steps, _least(item, least, amount))


def _rounded(
    item: Item, exact: Fraction, bearing: Bearing | None
) -> tuple[Money, tuple[Step, ...]]:
    """Return an amount in whole minor units, and how it became one."""
    if bearing is not None:
        return bearing.amount, bearing_steps(exact, bearing)
    amount = Money.rounded(exact, item.currency, item.policies.rounding)
    return amount, rounding_steps(exact, amount)


def difference(rated: Rated, billed: Money, revision: int) -> InvoiceLine | None:
    """Return the line of what an item owes beyond what was billed of it, None for nothing.

    The first line of a fee, of usage or of an add-on is there even when it comes to nothing, so
    that an invoice shows that it was looked at.
    """
    item, amount = rated.item, rated.owed - billed
    shown = revision == 1 and item.kind is not LineKind.COMMITMENT
    if not amount.minor and not shown:
        return None
    steps = rated.steps
    if billed.minor:
        told: Step = {
            "step": "billed",
            "owed": rated.owed.decimal_text(),
            "billed": billed.decimal_text(),
            "amount": amount.decimal_text(),
        }
        steps = (*steps, told)
    return InvoiceLine(
        key=f"{item.key}#{revision}",
        item_key=item.key,
        revision=revision,
        kind=item.kind,
        due_at=item.due_at,
        subscription_id=item.subscription_id,
        version_id=item.version_id,
        item=item.item,
        item_name=item.item_name,
        charge_code=item.charge_code,
        name=item.name,
        service=item.service,
        zone=item.zone,
        quantity=rated.quantity,
        unit=rated.unit,
        amount=amount,
        owed=rated.owed,
        billed=billed,
        tax_category=item.tax_category,
        tax_inclusive=item.tax_inclusive,
        discountable=item.discountable,
        steps=steps,
        floor=None if rated.least is None else rated.least - billed,
        topped_up=rated.shares,
    )


def _rate_usage(item: Item, measured: Measured, before: Money, bearing: Bearing | None) -> Rated:
    if item.usage is None:
        raise TypeError(f"item {item.key} prices no usage")
    # The share has taken account already of what a short period prorates.
    policies = replace(item.policies, short_period=ShortPeriod.BY_DAYS)
    days = (item.share.numerator, item.share.denominator)
    price = price_usage(
        item.usage, measured.usage, item.share.fraction, policies, days=days, final=item.final
    )
    # What earlier parts of an allowance came to stays owed, should its end lower its bounds.
    exact = max(price.amount - before.major, _NOTHING) if item.counts else price.amount
    if bearing is None:
        amount, rounding = _rounded(item, exact + before.major, None)
    else:
        amount, rounding = bearing.amount + before, bearing_steps(exact, bearing)
    floor = _least(item, price.least, amount)
    steps: list[Step] = [
        {
            "step": "measured",
            "meter": measured.meter.code,
            "quantity": exact_text(measured.quantity),
            "events": measured.events,
            "digest": measured.digest,
        },
        *price.steps,
        *rounding,
    ]
    if item.counts:
        steps.append(allowance_step(amount, before))
        amount -= before
        floor = None if floor is None else floor - before
    unit = measured.meter.unit
    return Rated(item, exact, amount, measured.quantity, unit, tuple(steps), floor)


def _least(item: Item, exact: Fraction, amount: Money) -> Money | None:
    """Return what a minimum comes to, of the ``amount`` at most; None where there is none."""
    if not exact:
        return None
    return min(Money.rounded(exact, item.currency, item.policies.rounding), amount)


def _true_up(item: Item, committed: Money, counted: Money, steps: Sequence[Step]) -> Rated:
    zero = Money.zero(item.currency)
    owed = max(committed - counted, zero)
    told: Step = {
        "step": "commitment",
        "committed": committed.decimal_text(),
        "counted": counted.decimal_text(),
        "amount": owed.decimal_text(),
    }
    return Rated(item, owed.major, owed, None, None, (*steps, told))


def _quantity(item: Item) -> Decimal | None:
    """Return how many are charged for, where it is one number and not simply one."""
    quantities = {part.quantity for part in item.fee_parts}
    return quantities.pop() if len(quantities) == 1 and quantities != {Decimal(1)} else None
