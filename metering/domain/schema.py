"""Whether an event's data is what its meter asks for."""

from decimal import Decimal

from control_plane.catalog.domain import Meter, Property, PropertyType
from control_plane.kernel.exact import InvalidNumber, exact_decimal, quantity_text
from metering.domain.canonical import CANONICAL
from metering.domain.diagnosis import shown
from metering.domain.events import Datum, UsageEvent
from metering.errors_schema import (
    PropertyTypeWrong,
    PropertyValueNotAllowed,
    RequiredPropertyMissing,
    SchemaBroken,
)

_MOST_TOLD = 20


def broken(event: UsageEvent, meter: Meter) -> SchemaBroken | None:
    """Say which property is not what the meter's schema asks, the first in its order."""
    for rule in meter.properties:
        value = event.data.get(rule.name)
        if value is None:
            if rule.required:
                return _refusal(RequiredPropertyMissing, meter, rule, None)
            continue
        text = _text(value, rule.type)
        if text is None:
            return _refusal(PropertyTypeWrong, meter, rule, CANONICAL.encode(value).decode())
        if rule.values and text not in rule.values:
            return _refusal(PropertyValueNotAllowed, meter, rule, text)
    return None


def _text(value: Datum, kind: PropertyType) -> str | None:
    """Return the text by which a value is compared; None where it is of another type."""
    if kind is PropertyType.BOOLEAN:
        return str(value).lower() if isinstance(value, bool) else None
    if kind is PropertyType.STRING:
        return value if isinstance(value, str) else None
    return _number_text(value)


def _number_text(value: Datum) -> str | None:
    if isinstance(value, Decimal):
        return quantity_text(value)
    if not isinstance(value, str):
        return None
    try:
        return quantity_text(exact_decimal(value))
    except InvalidNumber:
        return None


def _refusal(
    refusal: type[SchemaBroken], meter: Meter, rule: Property, value: str | None
) -> SchemaBroken:
    typed = refusal is PropertyTypeWrong or not rule.values
    known = [rule.type.value] if typed else list(rule.values)
    told = [*known[:_MOST_TOLD], "…"] if len(known) > _MOST_TOLD else known
    return refusal(
        meter=meter.code,
        property=rule.name,
        value=None if value is None else shown(value),
        allowed=", ".join(told),
        known=known,
        field=f"data.{rule.name}",
    )
