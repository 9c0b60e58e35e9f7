"""Rounded together: what falls due at one instant becomes whole minor units as one sum.

Each line is the whole number below its exact amount or the one above; together they are the exact
sum, rounded once. Worked example: three lines of 10.333… minor units each come to 31 exactly, so
one of them is 11 and two are 10; rounded alone they would come to 30.

What a line bears depends on what is due with it, and on nothing else: not on who computes it, nor
on what is already invoiced. When one item changes, its neighbours are looked at again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from math import ceil, floor
from typing import TypeAlias

from billing.domain.lines import Versions
from billing.domain.owing.item import Item, LineKind
from billing.domain.owing.policies import PolicyBook
from billing.domain.rated import Rated
from control_plane.catalog.domain import Price
from control_plane.catalog.policies import Choices, Policies, RoundingPlace, SplitTies
from control_plane.kernel.calendar import Interval, longest
from control_plane.kernel.money import Money
from control_plane.kernel.rounding import Rounding, round_ratio

Members: TypeAlias = tuple[tuple[str, Fraction], ...]
"""What is rounded as one sum: keys and exact amounts (major units) in the order of the lines."""


@dataclass(frozen=True, slots=True)
class Bearing:
    """What a line bears (``amount``) of a ``sum`` (major units) that is rounded to ``total``."""

    amount: Money
    sum: Fraction
    total: Money


def sums_of(rated: Iterable[Rated]) -> tuple[Members, ...]:
    """Return what is rounded together, of amounts that fall due at various instants.

    Where one of those that fall due at an instant says otherwise, each is rounded alone. What is
    whole by its nature (add-ons, true-ups) has no say.
    """
    due: dict[tuple[datetime, str], list[Rated]] = {}
    for one in rated:
        if _has_say(one.item):
            due.setdefault((one.item.due_at, one.item.currency.code), []).append(one)
    return tuple(
        tuple((one.item.key, one.exact) for one in group)
        for group in due.values()
        if len({_manner(one.item.policies) for one in group}) == 1
        and group[0].item.policies.rounding_place is RoundingPlace.INVOICE
    )


def bearings(members: Members, of: Rated) -> dict[str, Bearing]:
    """Return what each member bears, by key, rounded as one of them (``of``) says."""
    currency, policies = of.item.currency, of.item.policies
    exact = [amount * currency.minor_per_major for _, amount in members]
    parts = share_out(exact, [key for key, _ in members], policies)
    total = Money(sum(parts), currency)
    whole = sum((amount for _, amount in members), Fraction(0))
    return {
        key: Bearing(Money(part, currency), whole, total)
        for (key, _), part in zip(members, parts, strict=True)
    }


def share_out(exact: Sequence[Fraction], keys: Sequence[str], policies: Policies) -> list[int]:
    """Round a sum once, and each part of it down or up, those with the largest remainders up."""
    parts, most = [floor(part) for part in exact], [ceil(part) for part in exact]
    wanted = round_ratio(sum(exact, Fraction(0)), policies.rounding)
    more = wanted - sum(parts)
    order = list(range(len(parts)))
    if policies.split_ties is SplitTies.KEY:
        order.sort(key=lambda i: keys[i])
    order.sort(key=lambda i: parts[i] - exact[i])
    for i in [i for i in order if parts[i] < most[i]][:more]:
        parts[i] += 1
    return parts


def rounds_together(versions: Versions, policies: PolicyBook) -> bool:
    """Tell whether anything at all may be rounded together."""
    said = _place(policies.tenant)
    if said is not None:
        return said == RoundingPlace.INVOICE
    chosen = (
        _place(choices)
        for plan in versions.plans.values()
        for choices in (plan.policies, *(price.policies for price in plan.prices))
    )
    return RoundingPlace.INVOICE in chosen


def neighbours_since(versions: Versions, reach: datetime) -> datetime:
    """Return an instant that nothing changed by what takes effect at ``reach`` is due before.

    Such an item is of a period that is not over at ``reach``; no such period begins earlier.
    """
    lengths = (
        longest(interval, count)
        for plan in versions.plans.values()
        for price in plan.prices
        for interval, count in _intervals(price)
    )
    return reach - max(lengths, default=timedelta(0))


def _has_say(item: Item) -> bool:
    return item.fixed is None and item.kind is not LineKind.COMMITMENT


def _manner(policies: Policies) -> tuple[RoundingPlace, Rounding, SplitTies]:
    return policies.rounding_place, policies.rounding, policies.split_ties


def _place(choices: Choices) -> str | int | None:
    return choices.get("rounding_place")


def _intervals(price: Price) -> Iterable[tuple[Interval, int]]:
    yield price.interval, price.count
    for charge in price.charges:
        for interval in (charge.interval, charge.allowance_interval):
            if interval is not None:
                yield interval, 1


def members_body(members: Iterable[Members]) -> list[list[list[str]]]:
    """Return sums as a manifest keeps them; what is not of its document is an input of it."""
    return [[[key, str(exact)] for key, exact in group] for group in members]


def read_members(said: Iterable[Iterable[Sequence[str]]]) -> tuple[Members, ...]:
    """Read back what `members_body` wrote."""
    return tuple(tuple((key, Fraction(exact)) for key, exact in group) for group in said)


def recorded(groups: Iterable[Members], rated: Mapping[str, Rated]) -> tuple[Members, ...]:
    """Return the sums that any of the rated items is in, with what they come to now."""
    return tuple(
        tuple((key, rated[key].exact if key in rated else said) for key, said in group)
        for group in groups
        if any(key in rated for key, _ in group)
    )
