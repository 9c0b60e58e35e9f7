"""Units of measure as UN/ECE recommendation 20 codes them."""

from collections.abc import Mapping

ONE = "C62"
"""“One”: a unit that has no code of its own; what is counted is then said in words."""

_CODES: Mapping[str, str] = {
    "second": "SEC",
    "minute": "MIN",
    "hour": "HUR",
    "day": "DAY",
    "week": "WEE",
    "month": "MON",
    "year": "ANN",
    "byte": "AD",
    "kb": "2P",
    "mb": "4L",
    "gb": "E34",
    "tb": "E35",
    "megabyte": "4L",
    "gigabyte": "E34",
    "terabyte": "E35",
    "kwh": "KWH",
    "g": "GRM",
    "kg": "KGM",
    "kilogram": "KGM",
    "t": "TNE",
    "tonne": "TNE",
    "m": "MTR",
    "metre": "MTR",
    "km": "KMT",
    "m²": "MTK",
    "square metre": "MTK",
    "m³": "MTQ",
    "cubic metre": "MTQ",
    "l": "LTR",
    "litre": "LTR",
    "piece": "H87",
}


def unit_code(unit: str | None) -> str:
    """Return the code of an English unit, singular or plural; `ONE` when it has none."""
    if unit is None:
        return ONE
    name = unit.strip().lower()
    return _CODES.get(name) or _CODES.get(name.removesuffix("s")) or ONE
