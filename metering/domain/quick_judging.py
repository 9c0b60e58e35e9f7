"""Judging many events at once: the good ones, which are nearly all, at little cost."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from control_plane.catalog.domain import Aggregation, LatePolicy, Meter
from metering.domain.events import Datum, UsageEvent
from metering.domain.judging import refuse
from metering.errors import EventRefused

_ZERO = Decimal(0)


def judge(
    events: Sequence[UsageEvent], *, meters: Mapping[str, Sequence[Meter]], now: datetime
) -> list[EventRefused | None]:
    """Say of each event what `refuse` says of it, at little cost for those that are good.

    ``meters`` holds those of every event type that has any.
    """
    asked: dict[str, Sequence[str] | None] = {}
    refusals: list[EventRefused | None] = []
    for event in events:
        kind = event.type
        if kind not in asked:
            asked[kind] = _asked(meters.get(kind, ()))
        names = asked[kind]
        if names is not None and event.time <= now and _states(event.data, names):
            refusals.append(None)
        else:
            refusals.append(refuse(event, meters=meters.get(kind, ()), now=now))
    return refusals


def _asked(meters: Sequence[Meter]) -> Sequence[str] | None:
    """Name the properties that suffice as quantities; None where the meters ask for more."""
    if not meters or any(
        meter.filters
        or meter.properties
        or meter.late is LatePolicy.REJECT_AFTER
        or meter.aggregation is Aggregation.UNIQUE
        for meter in meters
    ):
        return None
    counted = {m.property for m in meters if m.aggregation is not Aggregation.COUNT}
    return [name for name in counted | {m.amount_property for m in meters} if name is not None]


def _states(data: Mapping[str, Datum], names: Sequence[str]) -> bool:
    for name in names:
        value = data.get(name)
        if type(value) is not Decimal or value < _ZERO:
            return False
    return True
