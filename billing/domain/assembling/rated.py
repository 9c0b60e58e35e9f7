"""What rated lines tell of themselves beyond their amounts, for `assemble`."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

from billing.domain.rating import InvoiceLine
from control_plane.kernel.money import Money


class Bounds(TypedDict):
    """Arguments of `assemble`: minimums and topped-up amounts, by line key."""

    floors: Mapping[str, Money]
    topped_up: Mapping[str, Mapping[str, int]]


def categories_of(lines: Sequence[InvoiceLine]) -> frozenset[str]:
    """Return every tax category that a treatment is needed for."""
    topped_up = (category for line in lines for category, _ in line.topped_up)
    return frozenset((*(line.tax_category for line in lines), *topped_up))


def bounds_of(lines: Sequence[InvoiceLine]) -> Bounds:
    """Return what follows from the lines alone, so that issuing and replaying find the same.

    A line's floor is its minimum less what was billed of the item before. A commitment tops up
    everything it counts, also what was invoiced earlier in its period.
    """
    return {
        "floors": {line.key: line.floor for line in lines if line.floor is not None},
        "topped_up": {line.key: dict(line.topped_up) for line in lines if line.topped_up},
    }
