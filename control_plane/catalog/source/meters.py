"""Reads meters: what is measured, what is left out, and what becomes of latecomers."""

from collections.abc import Iterable, Mapping

from control_plane.catalog.domain import Aggregation, Filter, LatePolicy, Meter, Module
from control_plane.catalog.source.cursor import Cursor
from control_plane.catalog.source.faults import Fault
from control_plane.catalog.source.properties import (
    check_together,
    read_dimensions,
    read_properties,
)
from control_plane.catalog.source.words import Codes, read_name, read_reference

LONGEST_WAIT_DAYS = 3_650


def read_meters(items: Iterable[Cursor], modules: Mapping[str, Module]) -> dict[str, Meter]:
    """Read the meters of ``modules``, by code."""
    codes = Codes()
    places = list(items)
    meters = [_read_meter(item, codes, modules) for item in places]
    check_together(list(zip(places, meters, strict=True)))
    return {meter.code: meter for meter in meters if meter.code}


def _read_meter(item: Cursor, codes: Codes, modules: Mapping[str, Module]) -> Meter:
    fields = _fields(item)
    late = fields.get("late")
    return Meter(
        code=codes.take(fields.get("code")),
        event_type=fields["event_type"].text() if "event_type" in fields else "",
        aggregation=(
            fields["aggregation"].choice(Aggregation, Aggregation.COUNT)
            if "aggregation" in fields
            else Aggregation.COUNT
        ),
        property=_optional_text(fields.get("property")),
        module=read_reference(fields.get("module"), modules, Fault.UNKNOWN_MODULE),
        unit=read_name(fields.get("unit")),
        name=read_name(fields.get("name")),
        amount_property=_optional_text(fields.get("amount_property")),
        filters=read_filters(fields.get("filters")),
        late=(
            late.choice(LatePolicy, LatePolicy.CURRENT_PERIOD)
            if late
            else LatePolicy.CURRENT_PERIOD
        ),
        late_days=(
            fields["late_days"].whole(1, LONGEST_WAIT_DAYS) if "late_days" in fields else None
        ),
        properties=read_properties(fields.get("properties"), _added_up(item)),
        dimensions=read_dimensions(fields.get("dimensions")),
    )


def _fields(item: Cursor) -> Mapping[str, Cursor]:
    required = ["code", "event_type", "aggregation", "module", "unit", "name"]
    optional = ["amount_property", "filters", "late", "properties", "dimensions"]
    aggregation = item.peek("aggregation")
    if aggregation not in list(Aggregation):
        optional.append("property")  # of one that is no good, nothing more can be said
    elif aggregation != Aggregation.COUNT:
        required.append("property")
    late = item.peek("late")
    if late == LatePolicy.REJECT_AFTER:
        required.append("late_days")
    elif late and late not in list(LatePolicy):
        optional.append("late_days")
    return item.fields(required=required, optional=optional)


def read_filters(cursor: Cursor | None) -> tuple[Filter, ...]:
    """Read filters: each a property with the values it must, or with ``except`` must not, have."""
    filters = []
    for item in cursor.items(empty=False) if cursor else ():
        fields = item.fields(required=("property",), optional=("values", "except"))
        if "property" in fields and ("values" in fields) == ("except" in fields):
            item.report(Fault.ONE_OF, known="values, except")
        values = fields.get("values", fields.get("except"))
        filters.append(
            Filter(
                property=_optional_text(fields.get("property")) or "",
                values=read_texts(values),
                exclude="except" in fields,
            )
        )
    return tuple(filters)


def read_texts(cursor: Cursor | None) -> tuple[str, ...]:
    """Read a list of different texts; numbers and booleans are texts as they are written."""
    texts: list[str] = []
    for item in cursor.items(empty=False) if cursor else ():
        if not item.raw:
            item.report(Fault.NOT_A_TEXT, value=item.raw)
        elif item.raw in texts:
            item.report(Fault.DUPLICATE_ENTRY, value=item.raw)
        else:
            texts.append(item.raw)
    return tuple(texts)


def _added_up(item: Cursor) -> frozenset[str]:
    """Return the properties that the meter needs a quantity from."""
    counts = item.peek("aggregation") in {Aggregation.COUNT, Aggregation.UNIQUE}
    names = (item.peek("amount_property"), "" if counts else item.peek("property"))
    return frozenset(name for name in names if name)


def _optional_text(cursor: Cursor | None) -> str | None:
    return None if cursor is None else cursor.text()
