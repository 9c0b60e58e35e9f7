"""An event's data with every number an exact, canonical Decimal."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from metering.domain.events import Datum
from metering.domain.numbers import DIGITS_BEFORE, canonical_number
from metering.errors import DataTooDeep

DEEPEST_DATA = 8
_LIMIT = 10**DIGITS_BEFORE


def exact_data(value: dict[str, Any]) -> tuple[dict[str, Datum], dict[str, Any]]:
    """Return the data, and an object with the same canonical JSON that is cheaper to write.

    Every event passes here, so that the usual one (texts and whole numbers, nothing nested)
    costs one look at each value.

    Raises:
        EventRefused: a number is out of range, or the data is nested too deeply.
    """
    data: dict[str, Datum] = {}
    plain = True
    for key, item in value.items():
        kind = type(item)
        if kind is str:
            data[key] = item
        elif kind is int and -_LIMIT < item < _LIMIT:
            data[key] = Decimal(item)
        else:
            data[key] = _datum(item, 1)
            plain = False
    return data, (value if plain else data)


def exact_object(value: dict[str, Any], depth: int = 0) -> dict[str, Datum]:
    """Return an object with its numbers made exact; ``depth`` is its own.

    Raises:
        EventRefused: as `exact_data`.
    """
    return {key: _datum(item, depth) for key, item in value.items()}


def _list(value: list[Any], depth: int) -> list[Datum]:
    return [_datum(item, depth) for item in value]


def _datum(value: Any, depth: int) -> Datum:
    kind = type(value)
    if kind is int or kind is Decimal:
        return canonical_number(value)
    if kind is dict or kind is list:
        if depth >= DEEPEST_DATA:
            raise DataTooDeep(deepest=DEEPEST_DATA, field="data")
        nested: Callable[..., Datum] = exact_object if kind is dict else _list
        return nested(value, depth + 1)
    return value  # type: ignore[no-any-return]  # what is left of JSON: text, true, false, null
