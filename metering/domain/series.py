"""Usage over a period, window by window: of everything, and of every group asked for."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from control_plane.catalog.domain import Meter
from control_plane.kernel.period import Period
from metering.domain.usage import UsagePoint
from metering.domain.windows import Window

WHOLE = -1
"""The number that stands for the whole period, among those of its windows from 0."""


@dataclass(frozen=True, slots=True)
class Amount:
    """A quantity, and from how many events."""

    quantity: Decimal
    events: int


NOTHING = Amount(Decimal(0), 0)


@dataclass(frozen=True, slots=True)
class SeriesGroup:
    """The usage of one combination of property values, empty where events have none."""

    values: tuple[str, ...]
    points: tuple[UsagePoint, ...]
    quantity: Decimal
    events: int


@dataclass(frozen=True, slots=True)
class UsageSeries:
    """A meter's usage over a period, window by window in the tenant's zone.

    ``quantity`` and ``events`` are those of the whole period: of a peak or a mean the quantity is
    not the sum of the windows. ``groups`` is in order of the values, empty unless asked for.
    Everything that was committed at ``as_of`` is counted, and perhaps a little more.
    """

    meter: Meter
    period: Period
    window: Window
    zone: str
    points: tuple[UsagePoint, ...]
    quantity: Decimal
    events: int
    as_of: datetime
    group_by: tuple[str, ...] = ()
    groups: tuple[SeriesGroup, ...] = ()
