"""A report as CSV."""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import date
from fractions import Fraction

from billing.domain.reports.sheet import Cell, Column, ColumnKind, Sheet
from billing.reporting.cells import safe
from control_plane.kernel.money import Money, round_half_away

_ROWS_AT_ONCE = 500


def sheet_csv(sheet: Sheet) -> Iterator[bytes]:
    """Yield a sheet as CSV (RFC 4180, UTF-8), a piece at a time; sums are left to the reader.

    An amount takes two cells, its major units and its currency. Ratios are in percent.
    """
    heading = [name for column in sheet.columns for name in _names(column)]
    yield _written([heading])
    for start in range(0, len(sheet.rows), _ROWS_AT_ONCE):
        rows = sheet.rows[start : start + _ROWS_AT_ONCE]
        yield _written([_cells(sheet.columns, row) for row in rows])


def _names(column: Column) -> list[str]:
    if column.kind is ColumnKind.MONEY:
        return [column.key, f"{column.key}_currency"]
    return [column.key]


def _cells(columns: Sequence[Column], row: Sequence[Cell]) -> list[str]:
    return [
        cell for column, value in zip(columns, row, strict=True) for cell in _cell(column, value)
    ]


def _cell(column: Column, value: Cell) -> list[str]:
    if column.kind is ColumnKind.MONEY:
        return [value.decimal_text(), value.currency.code] if isinstance(value, Money) else ["", ""]
    return ["" if value is None else plain(column, value)]


def plain(column: Column, value: Cell) -> str:
    """Write a cell that is no amount as text: days in ISO 8601, ratios as a percentage."""
    if isinstance(value, Fraction):
        return percentage(value)
    if isinstance(value, date):
        return f"{value:%Y-%m}" if column.kind is ColumnKind.MONTH else value.isoformat()
    return safe(value) if isinstance(value, str) else str(value)


def percentage(ratio: Fraction) -> str:
    """Write a ratio in percent with one decimal: 1/3 is ``33.3``.

    >>> percentage(Fraction(2, 3))
    '66.7'
    """
    tenths = round_half_away(ratio * 1000)
    sign = "-" if tenths < 0 else ""
    return f"{sign}{abs(tenths) // 10}.{abs(tenths) % 10}"


def _written(rows: list[list[str]]) -> bytes:
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    return written.getvalue().encode()
