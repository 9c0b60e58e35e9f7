"""Whether an event that could be read may be counted, and by how much."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from control_plane.catalog.domain import Aggregation, Meter
from control_plane.kernel.instants import instant_text
from metering.domain.events import UsageEvent
from metering.domain.numbers import quantity
from metering.errors import (
    EventInFuture,
    EventRefused,
    PropertyMissing,
    PropertyNotQuantity,
    UnknownMeter,
)

_TOLERANCE = timedelta(minutes=5)
_ONE = Decimal(1)


def refuse(event: UsageEvent, *, meters: Sequence[Meter], now: datetime) -> EventRefused | None:
    """Say why the event may not be counted, or None when it may.

    ``meters`` are those of the event's type; ``now`` is the tenant's own clock,
    so that a sandbox in another year is judged by its own time.
    """
    if event.time > now + _TOLERANCE:
        return EventInFuture(
            time=instant_text(event.time),
            now=instant_text(now),
            tolerance=_TOLERANCE // timedelta(minutes=1),
            field="time",
        )
    if not meters:
        return UnknownMeter(type=event.type, field="type")
    return next((fault for meter in meters if (fault := _fault(event, meter))), None)


def quantity_of(event: UsageEvent, meter: Meter) -> Decimal | None:
    """Return what an event of the meter's type adds to it, or None when it states nothing."""
    if meter.aggregation is Aggregation.COUNT or meter.property is None:
        return _ONE
    return quantity(event.data.get(meter.property))


def _fault(event: UsageEvent, meter: Meter) -> EventRefused | None:
    if quantity_of(event, meter) is not None:
        return None
    kind = PropertyMissing if event.data.get(str(meter.property)) is None else PropertyNotQuantity
    return kind(meter=meter.code, property=meter.property, field=f"data.{meter.property}")
