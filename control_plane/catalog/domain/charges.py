"""Charges: the things a price asks for, each by one of ten models.

Numbers named *major* are in major units of the price's currency and may be finer than its
minor unit: a unit price of 0.0004 yuan is one. What is a Money is whole minor units.
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from control_plane.catalog.domain.meters import Filter
from control_plane.catalog.domain.words import Text
from control_plane.kernel.calendar import Interval
from control_plane.kernel.money import Money

STANDARD = "standard"
"""The tax category of whatever does not name one."""


class ChargeKind(StrEnum):
    """How a charge is priced. Each model has a module of its own in ``billing/domain/pricing``."""

    FLAT = "flat"
    PER_UNIT = "per_unit"
    GRADUATED = "graduated"
    VOLUME = "volume"
    PACKAGE = "package"
    PERCENTAGE = "percentage"
    GRADUATED_PERCENTAGE = "graduated_percentage"
    CAPACITY = "capacity"
    DYNAMIC = "dynamic"
    MATRIX = "matrix"


class Timing(StrEnum):
    """When a charge is invoiced: at its period's start, or at its end."""

    ADVANCE = "advance"
    ARREARS = "arrears"


@dataclass(frozen=True, slots=True)
class Tier:
    """A step of a tiered price, up to and including ``up_to`` (None: open).

    ``unit_price`` and ``flat_fee`` are major. ``rate`` is a percentage, of the tiers of a
    graduated percentage, whose ``up_to`` bounds an amount of money (major).
    """

    up_to: Decimal | None
    unit_price: Decimal
    flat_fee: Decimal
    rate: Decimal | None = None


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """One price (major) of a matrix, for one value of each of its dimensions."""

    values: tuple[str, ...]
    unit_price: Decimal


@dataclass(frozen=True, slots=True)
class Matrix:
    """Prices by properties of the events, such as region and storage class.

    ``default`` (major) prices whatever has no cell; None refuses it.
    """

    dimensions: tuple[str, ...]
    cells: tuple[MatrixCell, ...]
    default: Decimal | None = None

    def unit_price(self, values: tuple[str, ...]) -> Decimal | None:
        """Return the price (major) of a combination, None when it is refused."""
        found = (cell.unit_price for cell in self.cells if cell.values == values)
        return next(found, self.default)


class ConversionRounding(StrEnum):
    """What becomes of a converted quantity that is not whole."""

    NONE = "none"
    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Conversion:
    """From the meter's unit to the charge's: the quantity is divided, then perhaps rounded.

    ``unit`` names the unit that is charged (GB, where the meter counts bytes).
    """

    divide_by: Decimal
    rounding: ConversionRounding = ConversionRounding.NONE
    unit: Text | None = None


@dataclass(frozen=True, slots=True)
class Commitment:
    """What a period's lines come to at least, in a price's currency.

    The true-up is taxed by ``tax_category``, or, where that is None, in proportion to
    the lines it tops up.
    """

    amount: Money
    tax_category: str | None = None


@dataclass(frozen=True, slots=True)
class Charge:
    """One thing a price asks for: a fee, or the price of a meter's usage.

    A flat charge has ``amount``, for each of the subscription's ``quantity`` (a component's
    name, such as ``seats``) when it names one; ``holding`` stands for that while the
    subscription is paused, by the policy ``pause: holding_fee``. A usage charge has ``meter``
    and what its model needs: ``unit_price`` (major; of one package for packages), ``tiers``,
    ``rate`` (percent) or ``matrix``. ``included`` is deducted from the usage first.

    ``minimum`` and ``maximum`` bound the whole charge per period; ``discount`` is a
    percentage off it. ``event_min``, ``event_max``, ``fixed_fee`` and ``free_amount``
    (all major) and ``free_events`` belong to percentages. ``interval`` is what the charge
    is invoiced by, where that is not its price's; ``allowance_interval`` what its tiers and
    included quantity are counted over, where that is longer.
    """

    code: str
    kind: ChargeKind
    timing: Timing
    name: Text
    amount: Money | None = None
    meter: str | None = None
    unit_price: Decimal | None = None
    included: Decimal = Decimal(0)
    tiers: tuple[Tier, ...] = ()
    quantity: str | None = None
    package_size: Decimal | None = None
    rate: Decimal | None = None
    fixed_fee: Decimal = Decimal(0)
    free_events: int = 0
    free_amount: Decimal = Decimal(0)
    event_min: Decimal | None = None
    event_max: Decimal | None = None
    matrix: Matrix | None = None
    group_by: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()
    conversion: Conversion | None = None
    minimum: Money | None = None
    maximum: Money | None = None
    discount: Decimal = Decimal(0)
    interval: Interval | None = None
    allowance_interval: Interval | None = None
    tax_category: str = STANDARD
    holding: Money | None = None

    def held(self) -> "Charge":
        """Return the charge as a pause has it: a fee at its holding fee, if it has one."""
        if self.amount is None or self.holding is None:
            return self
        return replace(self, amount=min(self.amount, self.holding))

    @property
    def dimensions(self) -> tuple[str, ...]:
        """The properties that usage is grouped by: those asked for, then the matrix's own."""
        return (*self.group_by, *(self.matrix.dimensions if self.matrix else ()))

    @property
    def by_event(self) -> bool:
        """Whether the price depends on the amount of each single event, in their order."""
        bounds = self.event_min is not None or self.event_max is not None
        return self.kind is ChargeKind.PERCENTAGE and bool(
            bounds or self.free_events or self.free_amount
        )

    @property
    def of_money(self) -> bool:
        """Whether what is priced is the money that events carry, not a quantity."""
        return self.kind in _OF_MONEY

    def priced_unit(self, unit: Text) -> Text:
        """Return the unit that prices are for, given the meter's."""
        converted = self.conversion.unit if self.conversion else None
        return converted or unit


_OF_MONEY = {ChargeKind.PERCENTAGE, ChargeKind.GRADUATED_PERCENTAGE, ChargeKind.DYNAMIC}
