"""Whether an event that could be read may be counted, and by how much."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from control_plane.catalog.domain import Aggregation, LatePolicy, Meter
from control_plane.kernel.instants import instant_text
from metering.domain.events import UsageEvent
from metering.domain.numbers import quantity
from metering.domain.properties import passes, text_of
from metering.domain.schema import broken
from metering.errors import (
    EventInFuture,
    EventRefused,
    EventTooLate,
    PropertyMissing,
    PropertyNotQuantity,
    UnknownMeter,
)
from metering.errors_retention import EventBeyondHorizon

_TOLERANCE = timedelta(minutes=5)
_ONE = Decimal(1)


def refuse(event: UsageEvent, *, meters: Sequence[Meter], now: datetime) -> EventRefused | None:
    """Say why the event may not be counted, or None when it may.

    ``meters`` are those of the event's type; ``now`` is the tenant's own clock,
    so that a sandbox in another year is judged by its own time. A meter whose
    filters the event does not pass has no say.
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
    if not event.counts:
        return None  # it states nothing: what it takes back was judged itself
    concerned = (meter for meter in meters if passes(event, meter.filters))
    return next((fault for meter in concerned if (fault := _fault(event, meter, now))), None)


def quantity_of(event: UsageEvent, meter: Meter) -> Decimal | None:
    """Return what an event of the meter's type adds to it, or None when it states nothing."""
    if meter.aggregation is Aggregation.COUNT or meter.property is None:
        return _ONE
    return quantity(event.data.get(meter.property))


def _fault(event: UsageEvent, meter: Meter, now: datetime) -> EventRefused | None:
    return (
        _too_late(event, meter, now)
        or (broken(event, meter) if meter.properties else None)
        or _unstated(event, meter)
        or (_no_quantity(event, meter, meter.amount_property) if meter.amount_property else None)
    )


def _unstated(event: UsageEvent, meter: Meter) -> EventRefused | None:
    """Refuse an event without what the meter aggregates."""
    name = meter.property
    if meter.aggregation is Aggregation.COUNT or name is None:
        return None
    if meter.aggregation is not Aggregation.UNIQUE:
        return _no_quantity(event, meter, name)
    if text_of(event, name):
        return None
    return PropertyMissing(meter=meter.code, property=name, field=f"data.{name}")


def _no_quantity(event: UsageEvent, meter: Meter, name: str) -> EventRefused | None:
    stated = event.data.get(name)
    if quantity(stated) is not None:
        return None
    kind = PropertyMissing if stated is None else PropertyNotQuantity
    return kind(meter=meter.code, property=name, field=f"data.{name}")


def _too_late(event: UsageEvent, meter: Meter, now: datetime) -> EventRefused | None:
    if meter.late is not LatePolicy.REJECT_AFTER or meter.late_days is None:
        return None
    if event.time >= now - timedelta(days=meter.late_days):
        return None
    return EventTooLate(
        meter=meter.code,
        time=instant_text(event.time),
        days=meter.late_days,
        field="time",
    )


def beyond(
    events: Sequence[UsageEvent],
    refusals: list[EventRefused | None],
    kept_from: datetime | None,
) -> list[EventRefused | None]:
    """Refuse events of a time of which the events were dropped, but for what is refused anyway."""
    if kept_from is None:
        return refusals
    return [
        EventBeyondHorizon(
            time=instant_text(event.time), kept_from=instant_text(kept_from), field="time"
        )
        if refusal is None and event.time < kept_from
        else refusal
        for event, refusal in zip(events, refusals, strict=True)
    ]
