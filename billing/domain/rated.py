"""What rating takes and gives: a measurement, and what is owed of an item."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from billing.domain.owing.item import Item
from billing.domain.pricing import Step, Usage
from control_plane.catalog.domain import Meter, Text
from control_plane.kernel.money import Money

Standing = Callable[[str], Money | None]
"""What stands billed of an item, by its key; None when nothing ever was."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What a meter measured for an item."""

    meter: Meter
    usage: Usage

    @property
    def quantity(self) -> Decimal:
        """The meter's quantity."""
        return self.usage.quantity

    @property
    def events(self) -> int:
        """How many events were counted."""
        return self.usage.events

    @property
    def digest(self) -> str:
        """The digest of the events."""
        return self.usage.digest


@dataclass(frozen=True, slots=True)
class Rated:
    """What is owed of an item: ``exact`` in major units, ``owed`` rounded once.

    ``least`` is what its minimum alone comes to, rounded alike. ``shares`` are the amounts that a
    commitment without a tax category tops up, by the tax category of what it counts.
    """

    item: Item
    exact: Fraction
    owed: Money
    quantity: Decimal | None
    unit: Text | None
    steps: tuple[Step, ...]
    least: Money | None = None
    shares: tuple[tuple[str, int], ...] = ()
