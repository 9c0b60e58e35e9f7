"""Reads what a meter asks of its events' data, and what usage can be grouped by."""

from collections.abc import Callable, Collection, Mapping, Sequence

from control_plane.catalog.domain import Meter, Property, PropertyType
from control_plane.catalog.source.cursor import Cursor
from control_plane.catalog.source.faults import Fault
from control_plane.kernel.exact import InvalidNumber, exact_decimal, quantity_text

MOST_PROPERTIES = 64
MOST_VALUES = 256
MOST_DIMENSIONS = 8
LONGEST_NAME = 100


def read_properties(cursor: Cursor | None, added_up: Collection[str]) -> tuple[Property, ...]:
    """Read the schema of a meter's events; ``added_up`` are the properties that are quantities."""
    entries = cursor.entries() if cursor else []
    if cursor and len(entries) > MOST_PROPERTIES:
        cursor.report(Fault.TOO_MANY, most=MOST_PROPERTIES)
        return ()
    return tuple(_read_property(name, value, added_up) for name, value in entries)


def read_dimensions(cursor: Cursor | None) -> tuple[str, ...]:
    """Read a list of different properties."""
    names: list[str] = []
    items = cursor.items(empty=False) if cursor else []
    for item in items:
        name = _name(item)
        if name in names:
            item.report(Fault.DUPLICATE_ENTRY, value=name)
        names.append(name)
    if cursor and len(items) > MOST_DIMENSIONS:
        cursor.report(Fault.TOO_MANY, most=MOST_DIMENSIONS)
    return tuple(names)


def check_together(meters: Sequence[tuple[Cursor, Meter]]) -> None:
    """Report properties of which two meters of the same events ask different types.

    No event could satisfy both. Meters with filters may well be for different events.
    """
    seen: dict[tuple[str, str], tuple[Meter, Property]] = {}
    for place, meter in meters:
        for rule in () if meter.filters else meter.properties:
            other, before = seen.setdefault((meter.event_type, rule.name), (meter, rule))
            if before.type is not rule.type:
                place.report(
                    Fault.PROPERTY_TYPES_DIFFER,
                    value=rule.name,
                    type=before.type.value,
                    other=other.code,
                )


def _read_property(name: Cursor, value: Cursor, added_up: Collection[str]) -> Property:
    fields = value.fields(required=("type",), optional=("values", "required"))
    kind = PropertyType.STRING
    if "type" in fields:
        kind = fields["type"].choice(PropertyType, PropertyType.STRING)
        if kind is PropertyType.BOOLEAN and name.raw in added_up:
            fields["type"].report(Fault.PROPERTY_ADDED_UP, value=name.raw)
    return Property(
        name=_name(name),
        type=kind,
        values=_read_values(fields.get("values"), kind),
        required=fields["required"].boolean() if "required" in fields else False,
    )


def _name(cursor: Cursor) -> str:
    name = cursor.text()
    if len(name) > LONGEST_NAME:
        cursor.report(Fault.NAME_TOO_LONG, value=f"{name[:LONGEST_NAME]}…", most=LONGEST_NAME)
    return name


def _read_values(cursor: Cursor | None, kind: PropertyType) -> tuple[str, ...]:
    values: list[str] = []
    items = cursor.items(empty=False) if cursor else []
    for item in items:
        value = _READERS[kind](item)
        if value in values:
            item.report(Fault.DUPLICATE_ENTRY, value=item.raw)
        values.append(value)
    if cursor and len(items) > MOST_VALUES:
        cursor.report(Fault.TOO_MANY, most=MOST_VALUES)
    return tuple(values)


def _number(item: Cursor) -> str:
    try:
        return quantity_text(exact_decimal(item.raw))
    except InvalidNumber:
        item.report(Fault.NOT_A_NUMBER, value=item.raw)
        return item.raw


def _boolean(item: Cursor) -> str:
    item.boolean()
    return item.raw


_READERS: Mapping[PropertyType, Callable[[Cursor], str]] = {
    PropertyType.STRING: Cursor.text,
    PropertyType.NUMBER: _number,
    PropertyType.BOOLEAN: _boolean,
}
