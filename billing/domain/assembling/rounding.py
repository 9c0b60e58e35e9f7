"""Splitting whole minor units without loss."""

from collections.abc import Sequence
from fractions import Fraction

from control_plane.catalog.policies import SplitTies
from control_plane.kernel.currency import Currency
from control_plane.kernel.money import Money, allocate

_ANY = Currency("XXX", 0)  # splitting looks at whole numbers only


def spread(
    total: int, weights: Sequence[Fraction | int], keys: Sequence[str], ties: SplitTies
) -> list[int]:
    """Split ``total`` (not negative) by weights, largest remainder; nothing splits into nothing.

    ``ties`` says which of two equal remainders is served first.
    """
    if not any(weights):
        return [0] * len(weights)
    order = list(range(len(weights)))
    if ties is SplitTies.KEY:
        order.sort(key=lambda i: keys[i])
    parts = allocate(Money(total, _ANY), [weights[i] for i in order])
    found = [0] * len(order)
    for place, part in zip(order, parts, strict=True):
        found[place] = part.minor
    return found


def spread_within(
    total: int, weights: Sequence[Fraction], lows: Sequence[int], highs: Sequence[int]
) -> list[int]:
    """Split ``total`` by weights so that each part stays within its bounds.

    Σ lows <= total <= Σ highs must hold. Without a bound in the way it is largest remainder; what
    bounds refuse goes where there is room, in proportion to it.
    """
    keys = [""] * len(weights)
    wanted = spread(total, weights, keys, SplitTies.INPUT_ORDER)
    parts = [min(max(w, lo), hi) for w, lo, hi in zip(wanted, lows, highs, strict=True)]
    rest = total - sum(parts)
    if rest > 0:
        room = [hi - part for part, hi in zip(parts, highs, strict=True)]
        more = spread(rest, room, keys, SplitTies.INPUT_ORDER)
        return [part + extra for part, extra in zip(parts, more, strict=True)]
    room = [part - lo for part, lo in zip(parts, lows, strict=True)]
    less = spread(-rest, room, keys, SplitTies.INPUT_ORDER)
    return [part - extra for part, extra in zip(parts, less, strict=True)]
