"""What events add up to, kept so that sets can be put together and taken apart again.

`metering.stores.rollups` says the same to PostgreSQL. Any split of events over buckets and commits,
in any order, gives what the events give together: `tests/property/metering/test_rollups.py`.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from control_plane.catalog.domain import Aggregation, Meter
from control_plane.kernel.exact import EXACT
from metering.domain.aggregating import average, money_of
from metering.domain.canonical import CANONICAL
from metering.domain.digests import Lanes, lanes_of
from metering.domain.events import UsageEvent
from metering.domain.judging import quantity_of
from metering.domain.numbers import shortest
from metering.domain.pages import Position, position
from metering.domain.properties import text_of

USUAL_DIMENSIONS = ("endpoint", "status", "api_key")
"""What usage is grouped by where the meter does not say."""

DIVISIBLE = frozenset({Aggregation.COUNT, Aggregation.SUM, Aggregation.AVERAGE, Aggregation.UNIQUE})
"""From which an event that is taken back can be taken off; of the others a bucket is made again."""

ROLLED = frozenset(Aggregation) - {Aggregation.WEIGHTED}
"""What rollups hold. A level by seconds depends on the events before: those are read."""

_ZERO = Decimal(0)
_NO_LANES = Lanes()


@dataclass(frozen=True, slots=True)
class Definition:
    """What a rollup adds up, whichever meter asks: meters that count alike share one.

    ``base`` names everything but the dimensions: a meter that gains a dimension keeps its answers
    while the new rollup is made.
    """

    event_type: str
    aggregation: Aggregation
    counted: str | None
    money: str | None
    filters: bytes
    dimensions: tuple[str, ...]

    @classmethod
    def of(cls, meter: Meter) -> "Definition":
        """Return what a meter counts."""
        return cls(
            event_type=meter.event_type,
            aggregation=meter.aggregation,
            counted=None if meter.aggregation is Aggregation.COUNT else meter.property,
            money=meter.money_property(),
            filters=CANONICAL.encode(meter.filters),
            dimensions=tuple(sorted(meter.dimensions)) or USUAL_DIMENSIONS,
        )

    @property
    def base(self) -> str:
        """Name what is counted, by its fingerprint."""
        parts = (self.event_type, self.aggregation, self.counted, self.money)
        text = CANONICAL.encode((*parts, self.filters.decode()))
        return hashlib.sha256(text).hexdigest()[:32]


def wanted(meters: Iterable[Meter]) -> frozenset[Definition]:
    """Return the definitions that meters need rollups of."""
    return frozenset(Definition.of(m) for m in meters if m.aggregation in ROLLED)


@dataclass(frozen=True, slots=True)
class Rollup:
    """The sum of a set of events.

    ``stated`` counts those that state a quantity, ``total`` adds those up; ``most``, ``least``
    and ``latest`` are None where none does. Unique values are counted elsewhere, value by value.
    """

    events: int = 0
    stated: int = 0
    total: Decimal = _ZERO
    most: Decimal | None = None
    least: Decimal | None = None
    latest: tuple[Position, Decimal] | None = None
    money: Decimal = _ZERO
    lanes: Lanes = _NO_LANES

    def plus(self, other: "Rollup") -> "Rollup":
        """Put two sets together that share no event."""
        return Rollup(
            events=self.events + other.events,
            stated=self.stated + other.stated,
            total=EXACT.add(self.total, other.total),
            most=max(_known(self.most, other.most), default=None),
            least=min(_known(self.least, other.least), default=None),
            latest=max((x for x in (self.latest, other.latest) if x is not None), default=None),
            money=EXACT.add(self.money, other.money),
            lanes=self.lanes.plus(other.lanes),
        )

    def less(self, other: "Rollup") -> "Rollup":
        """Take a part of the set off again; ``most``, ``least`` and ``latest`` are then unknown."""
        return Rollup(
            events=self.events - other.events,
            stated=self.stated - other.stated,
            total=EXACT.subtract(self.total, other.total),
            money=EXACT.subtract(self.money, other.money),
            lanes=self.lanes.less(other.lanes),
        )

    def quantity(self, aggregation: Aggregation) -> Decimal:
        """Return the quantity of a meter; unique values and levels are not known here."""
        if aggregation is Aggregation.AVERAGE:
            return average(self.total, self.stated)
        found = {
            Aggregation.COUNT: Decimal(self.events),
            Aggregation.SUM: self.total,
            Aggregation.MAX: self.most,
            Aggregation.MIN: self.least,
            Aggregation.LATEST: None if self.latest is None else self.latest[1],
        }[aggregation]
        return shortest(found or _ZERO)


def rollup_of(event: UsageEvent, meter: Meter) -> Rollup:
    """Return the rollup of one event of a meter."""
    rollup = Rollup(
        events=1,
        money=money_of(event, meter) or _ZERO,
        lanes=lanes_of(event.body_hash),
    )
    quantity = quantity_of(event, meter)
    if meter.aggregation is Aggregation.UNIQUE:
        return replace(rollup, stated=1 if text_of(event, meter.property or "") else 0)
    if quantity is None:
        return rollup
    return replace(
        rollup,
        stated=1,
        total=quantity,
        most=quantity,
        least=quantity,
        latest=(position(event), quantity),
    )


def _known(*values: Decimal | None) -> list[Decimal]:
    return [value for value in values if value is not None]
