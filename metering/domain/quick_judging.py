"""Judging many events at once: the good ones, which are nearly all, at little cost."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from control_plane.catalog.domain import Aggregation, LatePolicy, Meter, PropertyType
from metering.domain.events import Datum, UsageEvent
from metering.domain.judging import refuse
from metering.errors import EventRefused

_ZERO = Decimal(0)
_TYPES = {
    PropertyType.STRING: str,
    PropertyType.NUMBER: Decimal,
    PropertyType.BOOLEAN: bool,
}


class _Rule(NamedTuple):
    """What a property's value has to be for certain; others may be good, too."""

    name: str
    type: type
    values: Collection[str]
    required: bool


class _Asked(NamedTuple):
    """What all meters of a type ask together."""

    quantities: Sequence[str]
    rules: Sequence[_Rule]


def judge(
    events: Sequence[UsageEvent], *, meters: Mapping[str, Sequence[Meter]], now: datetime
) -> list[EventRefused | None]:
    """Say of each event what `refuse` says of it, at little cost for those that are good.

    ``meters`` holds those of every event type that has any.
    """
    known: dict[str, _Asked | None] = {}
    refusals: list[EventRefused | None] = []
    for event in events:
        kind = event.type
        if kind not in known:
            known[kind] = _asked(meters.get(kind, ()))
        asked = known[kind]
        if asked is not None and event.time <= now and _gives(event.data, asked):
            refusals.append(None)
        else:
            refusals.append(refuse(event, meters=meters.get(kind, ()), now=now))
    return refusals


def _asked(meters: Sequence[Meter]) -> _Asked | None:
    """Sum up what suffices for every meter; None where they ask for more than can be said so."""
    if not meters or any(
        meter.filters
        or meter.late is LatePolicy.REJECT_AFTER
        or meter.aggregation is Aggregation.UNIQUE
        or any(rule.values and rule.type is not PropertyType.STRING for rule in meter.properties)
        for meter in meters
    ):
        return None
    counted = {m.property for m in meters if m.aggregation is not Aggregation.COUNT}
    quantities = counted | {m.amount_property for m in meters}
    return _Asked(
        [name for name in quantities if name is not None],
        [
            _Rule(rule.name, _TYPES[rule.type], frozenset(rule.values), rule.required)
            for meter in meters
            for rule in meter.properties
        ],
    )


def _gives(data: Mapping[str, Datum], asked: _Asked) -> bool:
    for name in asked.quantities:
        value = data.get(name)
        if type(value) is not Decimal or value < _ZERO:
            return False
    return not asked.rules or all(_fits(data.get(rule.name), rule) for rule in asked.rules)


def _fits(value: Datum, rule: _Rule) -> bool:
    if value is None:
        return not rule.required
    return type(value) is rule.type and (not rule.values or value in rule.values)
