"""Charges as canonical JSON values, and back.

What is at its default is left out, so that a charge of an older file keeps the body, and with it
the version, that it was published with. The first nine keys are always there, as they were then.
"""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from decimal import Decimal
from typing import Any

from control_plane.catalog.domain import (
    Charge,
    ChargeKind,
    Conversion,
    ConversionRounding,
    Filter,
    Matrix,
    MatrixCell,
    Text,
    Tier,
    Timing,
)
from control_plane.kernel.calendar import Interval
from control_plane.kernel.currency import Currency
from control_plane.kernel.exact import exact_decimal, quantity_text
from control_plane.kernel.money import Money

_DEFAULTS: Mapping[str, Any] = {
    field.name: field.default for field in fields(Charge) if field.name not in {"code", "kind"}
}
_DECIMALS = (
    "package_size",
    "rate",
    "fixed_fee",
    "free_amount",
    "event_min",
    "event_max",
    "discount",
)
_AMOUNTS = ("minimum", "maximum", "holding")
_INTERVALS = ("interval", "allowance_interval")
_PLAIN = ("quantity", "free_events", "tax_category")


def charge_body(charge: Charge) -> dict[str, Any]:
    """Return a charge's content."""
    return {
        "code": charge.code,
        "kind": charge.kind.value,
        "timing": charge.timing.value,
        "name": text_body(charge.name),
        "amount": None if charge.amount is None else charge.amount.decimal_text(),
        "meter": charge.meter,
        "unit_price": _optional_text(charge.unit_price),
        "included": quantity_text(charge.included),
        "tiers": [tier_body(tier) for tier in charge.tiers],
        **_options_body(charge),
    }


def _options_body(charge: Charge) -> dict[str, Any]:
    def stated(names: Iterable[str]) -> dict[str, Any]:
        values = {name: getattr(charge, name) for name in names}
        return {name: value for name, value in values.items() if value != _DEFAULTS[name]}

    body = stated(_PLAIN)
    body |= {name: quantity_text(value) for name, value in stated(_DECIMALS).items()}
    body |= {name: amount.decimal_text() for name, amount in stated(_AMOUNTS).items()}
    body |= {name: interval.value for name, interval in stated(_INTERVALS).items()}
    if charge.matrix is not None:
        body["matrix"] = matrix_body(charge.matrix)
    if charge.group_by:
        body["group_by"] = list(charge.group_by)
    if charge.filters:
        body["filters"] = filters_body(charge.filters)
    if charge.conversion is not None:
        body["conversion"] = conversion_body(charge.conversion)
    return body


def charge_from_body(body: Any, in_currency: Currency) -> Charge:
    """Read back what `charge_body` wrote."""
    amount = body["amount"]
    return Charge(
        code=body["code"],
        kind=ChargeKind(body["kind"]),
        timing=Timing(body["timing"]),
        name=Text(**body["name"]),
        amount=None if amount is None else Money.parse(amount, in_currency),
        meter=body["meter"],
        unit_price=_optional_decimal(body["unit_price"]),
        included=exact_decimal(body["included"]),
        tiers=tuple(tier_from_body(tier) for tier in body["tiers"]),
        **_options(body, in_currency),
    )


def _options(body: Any, in_currency: Currency) -> dict[str, Any]:
    read: dict[str, Any] = {name: body[name] for name in _PLAIN if name in body}
    read |= {name: exact_decimal(body[name]) for name in _DECIMALS if name in body}
    read |= {name: Money.parse(body[name], in_currency) for name in _AMOUNTS if name in body}
    read |= {name: Interval(body[name]) for name in _INTERVALS if name in body}
    if "matrix" in body:
        read["matrix"] = _matrix(body["matrix"])
    if "group_by" in body:
        read["group_by"] = tuple(body["group_by"])
    if "filters" in body:
        read["filters"] = filters_from_body(body["filters"])
    if "conversion" in body:
        read["conversion"] = _conversion(body["conversion"])
    return read


def text_body(text: Text) -> dict[str, str]:
    """Return both languages of a name."""
    return {"en": text.en, "zh": text.zh}


def tier_body(tier: Tier) -> dict[str, Any]:
    """Return a tier; its rate only where it has one."""
    body: dict[str, Any] = {
        "up_to": _optional_text(tier.up_to),
        "unit_price": quantity_text(tier.unit_price),
        "flat_fee": quantity_text(tier.flat_fee),
    }
    if tier.rate is not None:
        body["rate"] = quantity_text(tier.rate)
    return body


def tier_from_body(body: Any) -> Tier:
    """Read back what `tier_body` wrote."""
    return Tier(
        up_to=_optional_decimal(body["up_to"]),
        unit_price=exact_decimal(body["unit_price"]),
        flat_fee=exact_decimal(body["flat_fee"]),
        rate=_optional_decimal(body.get("rate")),
    )


def filters_body(filters: Iterable[Filter]) -> list[dict[str, Any]]:
    """Return filters as a list."""
    return [
        {"property": f.property, "values": list(f.values), "exclude": f.exclude} for f in filters
    ]


def filters_from_body(body: Any) -> tuple[Filter, ...]:
    """Read back what `filters_body` wrote."""
    return tuple(Filter(f["property"], tuple(f["values"]), f["exclude"]) for f in body)


def matrix_body(matrix: Matrix) -> dict[str, Any]:
    """Return a matrix; its default is null where other combinations are refused."""
    return {
        "dimensions": list(matrix.dimensions),
        "cells": [
            {"values": list(cell.values), "unit_price": quantity_text(cell.unit_price)}
            for cell in matrix.cells
        ],
        "default": _optional_text(matrix.default),
    }


def _matrix(body: Any) -> Matrix:
    return Matrix(
        dimensions=tuple(body["dimensions"]),
        cells=tuple(
            MatrixCell(tuple(cell["values"]), exact_decimal(cell["unit_price"]))
            for cell in body["cells"]
        ),
        default=_optional_decimal(body["default"]),
    )


def conversion_body(conversion: Conversion) -> dict[str, Any]:
    """Return a unit conversion."""
    return {
        "divide_by": quantity_text(conversion.divide_by),
        "rounding": conversion.rounding.value,
        "unit": None if conversion.unit is None else text_body(conversion.unit),
    }


def _conversion(body: Any) -> Conversion:
    return Conversion(
        divide_by=exact_decimal(body["divide_by"]),
        rounding=ConversionRounding(body["rounding"]),
        unit=None if body["unit"] is None else Text(**body["unit"]),
    )


def _optional_text(value: Decimal | None) -> str | None:
    return None if value is None else quantity_text(value)


def _optional_decimal(text: str | None) -> Decimal | None:
    return None if text is None else exact_decimal(text)
