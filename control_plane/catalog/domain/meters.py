"""Meters: which events are usage, and how they become one quantity."""

from dataclasses import dataclass, replace
from enum import StrEnum

from control_plane.catalog.domain.words import Text


class Aggregation(StrEnum):
    """How the events of a meter become one quantity."""

    COUNT = "count"
    SUM = "sum"
    MAX = "max"
    MIN = "min"
    UNIQUE = "unique"
    """How many different values the property had."""
    LATEST = "latest"
    """What the last event said."""
    AVERAGE = "average"
    """The mean of the events' values, to 12 decimals, half away from zero."""
    WEIGHTED = "weighted"
    """Unit-seconds: each event sets a level, which holds until the next one."""


class LatePolicy(StrEnum):
    """What becomes of usage that arrives after its period was closed."""

    CURRENT_PERIOD = "current_period"
    """It is billed with the period that is open, by that period's prices and tiers."""
    CORRECT = "correct"
    """The closed period is rated again, and the difference is noted or invoiced."""
    REJECT_AFTER = "reject_after"
    """It is refused once it is older than so many days."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which events count, by one property of their data.

    An event passes when the property's text (numbers and booleans by their JSON
    text) is among ``values``; with ``exclude``, when it is not. A property that
    is missing, null, a list or an object is among no values.
    """

    property: str
    values: tuple[str, ...]
    exclude: bool = False


class PropertyType(StrEnum):
    """What a property of an event's data may hold. Lists and objects are none of them."""

    STRING = "string"
    NUMBER = "number"
    """A JSON number, or a text of one."""
    BOOLEAN = "boolean"


@dataclass(frozen=True, slots=True)
class Property:
    """What a meter asks of one property of its events' data.

    ``values`` are the texts that are taken (numbers and booleans by their JSON text); empty:
    any of the type. A property that is missing or null is refused only where it is
    ``required``.
    """

    name: str
    type: PropertyType
    values: tuple[str, ...] = ()
    required: bool = False


@dataclass(frozen=True, slots=True)
class Meter:
    """How usage is measured: which events, and what of them.

    ``property`` names the field of the event's data that is aggregated; None when
    the events themselves are counted. ``amount_property`` names the one that holds
    the event's amount of money, for percentage and dynamic prices; without it
    they take ``property``. ``late_days`` belongs to `LatePolicy.REJECT_AFTER`.

    ``properties`` is the schema that events are held to as they come in; ``dimensions``
    the properties that usage can be grouped by. Neither changes what is counted.
    """

    code: str
    event_type: str
    aggregation: Aggregation
    property: str | None
    module: str
    unit: Text
    name: Text
    amount_property: str | None = None
    filters: tuple[Filter, ...] = ()
    late: LatePolicy = LatePolicy.CURRENT_PERIOD
    late_days: int | None = None
    properties: tuple[Property, ...] = ()
    dimensions: tuple[str, ...] = ()

    def money_property(self) -> str | None:
        """Return the field of an event's amount of money, None when events carry none."""
        return self.amount_property or self.property

    def narrowed(self, filters: tuple[Filter, ...]) -> "Meter":
        """Return the same meter, counting only what passes these filters too."""
        return replace(self, filters=(*self.filters, *filters)) if filters else self
