"""Reads charges: what each model needs, what it may have, and what it cannot."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from control_plane.catalog.definitions import Definitions
from control_plane.catalog.domain import (
    STANDARD,
    Aggregation,
    Charge,
    ChargeKind,
    Conversion,
    ConversionRounding,
    Text,
    Timing,
)
from control_plane.catalog.source.amounts import read_amount, read_optional_amount
from control_plane.catalog.source.cursor import Cursor
from control_plane.catalog.source.faults import Fault
from control_plane.catalog.source.meters import read_filters, read_texts
from control_plane.catalog.source.tiers import read_matrix, read_tiers
from control_plane.catalog.source.words import NO_TEXT, Codes, read_name, read_reference
from control_plane.kernel.calendar import Interval
from control_plane.kernel.currency import Currency

MOST_FREE_EVENTS = 999_999_999

_BOUNDS = ("minimum", "maximum", "discount", "interval", "tax_category")
_USAGE = ("code", "name", "group_by", "filters", *_BOUNDS)
_QUANTITY = ("included", "conversion", "allowance_interval", *_USAGE)
_FEES = ("fixed_fee", "free_events", "free_amount", "event_min", "event_max")
_KEYS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    ChargeKind.FLAT: (
        ("kind", "code", "amount", "name"),
        ("timing", "quantity", "holding", *_BOUNDS),
    ),
    ChargeKind.PER_UNIT: (("kind", "meter", "unit_price"), _QUANTITY),
    ChargeKind.GRADUATED: (("kind", "meter", "tiers"), _QUANTITY),
    ChargeKind.VOLUME: (("kind", "meter", "tiers"), _QUANTITY),
    ChargeKind.PACKAGE: (("kind", "meter", "package_size", "unit_price"), _QUANTITY),
    ChargeKind.PERCENTAGE: (("kind", "meter", "rate"), (*_FEES, "allowance_interval", *_USAGE)),
    ChargeKind.GRADUATED_PERCENTAGE: (
        ("kind", "meter", "tiers"),
        ("included", "allowance_interval", *_USAGE),
    ),
    ChargeKind.CAPACITY: (("kind", "meter", "tiers"), ("included", "conversion", *_USAGE)),
    ChargeKind.DYNAMIC: (("kind", "meter"), _USAGE),
    ChargeKind.MATRIX: (
        ("kind", "meter", "dimensions", "cells", "default"),
        ("conversion", *_USAGE),
    ),
}
_ANY_KEYS = tuple(dict.fromkeys(key for pair in _KEYS.values() for keys in pair for key in keys))

_DAYS = {Interval.DAY: 1, Interval.WEEK: 7}
_MONTHS = {Interval.MONTH: 1, Interval.QUARTER: 3, Interval.HALF_YEAR: 6, Interval.YEAR: 12}


@dataclass(frozen=True, slots=True)
class Setting:
    """The price that charges are read for."""

    definitions: Definitions
    modules: tuple[str, ...]
    currency: Currency | None
    interval: Interval
    count: int


def read_charges(cursor: Cursor | None, setting: Setting) -> tuple[Charge, ...]:
    """Read what a price asks for; codes are unique within it."""
    codes = Codes()
    items = cursor.items(empty=False) if cursor else ()
    return tuple(_read_charge(item, codes, setting) for item in items)


def _read_charge(item: Cursor, codes: Codes, setting: Setting) -> Charge:
    fields = _fields(item)
    kind = ChargeKind.FLAT
    if "kind" in fields:
        kind = fields["kind"].choice(ChargeKind, ChargeKind.FLAT)
    meter = _read_meter(fields.get("meter"), setting)
    charge = Charge(
        # A charge without a code is named after its meter, and must be as unique.
        code=codes.take(fields.get("code") or fields.get("meter")),
        kind=kind,
        timing=_read_timing(fields.get("timing"), kind),
        name=_read_name(fields, setting.definitions, meter),
        meter=meter,
    )
    if kind is ChargeKind.FLAT:
        charge = replace(
            charge,
            amount=read_amount(fields.get("amount"), setting.currency),
            holding=read_optional_amount(fields.get("holding"), setting.currency),
        )
    charge = replace(
        charge,
        **_quantities(fields),
        **_models(fields, kind, setting),
        **_percentages(fields),
        **_bounds(fields, setting),
        **_invoicing(fields),
    )
    _check(fields, charge, setting)
    return charge


def _fields(item: Cursor) -> Mapping[str, Cursor]:
    required, optional = _KEYS.get(item.peek("kind"), (("kind",), _ANY_KEYS))
    if item.peek("kind") == ChargeKind.FLAT and item.peek("quantity"):
        optional = (*optional, "included")  # so many seats with the plan
    return item.fields(required=required, optional=optional)


def _quantities(fields: Mapping[str, Cursor]) -> dict[str, Any]:
    return {
        "quantity": fields["quantity"].code() if "quantity" in fields else None,
        "included": fields["included"].decimal() if "included" in fields else Decimal(0),
        "group_by": read_texts(fields.get("group_by")),
        "filters": read_filters(fields.get("filters")),
        "conversion": _read_conversion(fields.get("conversion")),
    }


def _models(fields: Mapping[str, Cursor], kind: ChargeKind, setting: Setting) -> dict[str, Any]:
    of_rates = kind is ChargeKind.GRADUATED_PERCENTAGE
    size = fields.get("package_size")
    return {
        "unit_price": _decimal(fields, "unit_price"),
        "tiers": read_tiers(fields.get("tiers"), setting.currency, of_rates=of_rates),
        "package_size": size.above_zero() if size else None,
        "matrix": read_matrix(fields.get("dimensions"), fields.get("cells"), fields.get("default")),
    }


def _percentages(fields: Mapping[str, Cursor]) -> dict[str, Any]:
    free = fields.get("free_events")
    return {
        "rate": _decimal(fields, "rate"),
        "fixed_fee": _decimal(fields, "fixed_fee") or Decimal(0),
        "free_events": free.whole(0, MOST_FREE_EVENTS) if free else 0,
        "free_amount": _decimal(fields, "free_amount") or Decimal(0),
        "event_min": _decimal(fields, "event_min"),
        "event_max": _decimal(fields, "event_max"),
    }


def _bounds(fields: Mapping[str, Cursor], setting: Setting) -> dict[str, Any]:
    return {
        "minimum": read_optional_amount(fields.get("minimum"), setting.currency),
        "maximum": read_optional_amount(fields.get("maximum"), setting.currency),
        "discount": fields["discount"].percentage() if "discount" in fields else Decimal(0),
    }


def _invoicing(fields: Mapping[str, Cursor]) -> dict[str, Any]:
    return {
        "interval": _read_interval(fields.get("interval")),
        "allowance_interval": _read_interval(fields.get("allowance_interval")),
        "tax_category": fields["tax_category"].code() if "tax_category" in fields else STANDARD,
    }


def _check(fields: Mapping[str, Cursor], charge: Charge, setting: Setting) -> None:
    """Report what is right by itself and wrong together."""
    low, high = charge.minimum, charge.maximum
    if low is not None and high is not None and high < low:
        fields["maximum"].report(
            Fault.MAXIMUM_BELOW_MINIMUM, value=high.decimal_text(), least=low.decimal_text()
        )
    if (charge.event_max or 0) < (charge.event_min or 0) and charge.event_max is not None:
        fields["event_max"].report(
            Fault.MAXIMUM_BELOW_MINIMUM, value=charge.event_max, least=charge.event_min
        )
    if charge.amount is not None and charge.holding is not None and charge.holding > charge.amount:
        fields["holding"].report(
            Fault.HOLDING_ABOVE_FEE,
            value=charge.holding.decimal_text(),
            most=charge.amount.decimal_text(),
        )
    _check_meter(fields, charge, setting.definitions)
    _check_allowance(fields, charge, setting)


def _check_meter(fields: Mapping[str, Cursor], charge: Charge, definitions: Definitions) -> None:
    if charge.meter is None:
        return
    meter = definitions.meters[charge.meter]
    if charge.kind is ChargeKind.CAPACITY and meter.aggregation is not Aggregation.MAX:
        fields["meter"].report(Fault.CAPACITY_NEEDS_MAX, value=meter.code)
    if charge.of_money and meter.money_property() is None:
        fields["meter"].report(Fault.METER_WITHOUT_MONEY, value=meter.code)


def _check_allowance(fields: Mapping[str, Cursor], charge: Charge, setting: Setting) -> None:
    """An allowance must last a whole number of the intervals that the charge is invoiced by."""
    if charge.allowance_interval is None:
        return
    own = charge.interval or setting.interval
    times = 1 if charge.interval else setting.count
    if not _is_multiple(charge.allowance_interval, own, times):
        fields["allowance_interval"].report(
            Fault.ALLOWANCE_TOO_SHORT,
            value=charge.allowance_interval,
            interval=own if times == 1 else f"{times} {own}",
        )


def _is_multiple(allowance: Interval, own: Interval, times: int) -> bool:
    return any(
        own in lengths and allowance in lengths and lengths[allowance] % (lengths[own] * times) == 0
        for lengths in (_DAYS, _MONTHS)
    )


def _read_conversion(cursor: Cursor | None) -> Conversion | None:
    if cursor is None:
        return None
    fields = cursor.fields(required=("divide_by",), optional=("rounding", "unit"))
    rounding = fields.get("rounding")
    return Conversion(
        divide_by=fields["divide_by"].above_zero() if "divide_by" in fields else Decimal(1),
        rounding=(
            rounding.choice(ConversionRounding, ConversionRounding.NONE)
            if rounding
            else ConversionRounding.NONE
        ),
        unit=read_name(fields["unit"]) if "unit" in fields else None,
    )


def _read_interval(cursor: Cursor | None) -> Interval | None:
    return None if cursor is None else cursor.choice(Interval, Interval.MONTH)


def _decimal(fields: Mapping[str, Cursor], key: str) -> Decimal | None:
    return fields[key].decimal() if key in fields else None


def _read_timing(cursor: Cursor | None, kind: ChargeKind) -> Timing:
    default = Timing.ADVANCE if kind is ChargeKind.FLAT else Timing.ARREARS
    return cursor.choice(Timing, default) if cursor else default


def _read_name(fields: Mapping[str, Cursor], definitions: Definitions, meter: str | None) -> Text:
    if "name" in fields:
        return read_name(fields["name"])
    return definitions.meters[meter].name if meter else NO_TEXT


def _read_meter(cursor: Cursor | None, setting: Setting) -> str | None:
    if cursor is None:
        return None
    code = read_reference(cursor, setting.definitions.meters, Fault.UNKNOWN_METER)
    if not code:
        return None
    module = setting.definitions.meters[code].module
    if module and setting.modules and module not in setting.modules:
        cursor.report(Fault.METER_NOT_SOLD, value=code, module=module)
    return code
