"""A report as an Excel workbook, written row by row: only one row is in memory at a time."""

import tempfile
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import xlsxwriter

from billing.domain.reports.sheet import Cell, Column, ColumnKind, Sheet
from billing.reporting.sheet_csv import plain
from control_plane.kernel.money import Money

_WIDEST_EXACT = 15
"""A spreadsheet keeps fifteen digits of a number; longer amounts are written as text."""
_WIDTHS = {ColumnKind.TEXT: 30, ColumnKind.CODE: 24, ColumnKind.MONEY: 18}
_OTHER_WIDTH = 14


def sheet_excel(sheets: Sequence[Sheet], word: Callable[[str], str]) -> bytes:
    """Return a workbook with a worksheet for each sheet.

    ``word`` says a key of ours (a title, a heading, an account) in the reader's language. Text is
    written as text, never as a formula or a link. Amounts are numbers in major units.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.xlsx"
        with xlsxwriter.Workbook(str(path), _OPTIONS) as book:
            for sheet in sheets:
                _write(book, sheet, word)
        return path.read_bytes()


_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
}


def _write(book: Any, sheet: Sheet, word: Callable[[str], str]) -> None:
    page = book.add_worksheet(word(sheet.code)[:31])
    bold = book.add_format({"bold": True, "bottom": 1})
    page.freeze_panes(1, 0)
    for place, (kind, title) in enumerate(_titles(sheet.columns, word)):
        page.set_column(place, place, _WIDTHS.get(kind, _OTHER_WIDTH))
        page.write_string(0, place, title, bold)
    writer = _Rows(book, page, word)
    for row in sheet.rows:
        writer.write(sheet.columns, row)
    for row in sheet.sums:
        writer.write(sheet.columns, row, total=True)


def _titles(columns: Sequence[Column], word: Callable[[str], str]) -> list[tuple[ColumnKind, str]]:
    titles = []
    for column in columns:
        titles.append((column.kind, word(column.key)))
        if column.kind is ColumnKind.MONEY:
            titles.append((ColumnKind.COUNT, word("currency")))
    return titles


class _Rows:
    """Writes one row below the other, as constant memory asks for."""

    def __init__(self, book: Any, page: Any, word: Callable[[str], str]) -> None:
        self._book, self._page, self._word, self._row = book, page, word, 1
        self._formats: dict[tuple[str, bool], Any] = {}

    def write(self, columns: Sequence[Column], row: Sequence[Cell], *, total: bool = False) -> None:
        place = 0
        for column, value in zip(columns, row, strict=True):
            if isinstance(value, Money):
                self._money(place, value, total=total)
            elif value is not None:
                self._plain(place, column, value, total=total)
            place += 2 if column.kind is ColumnKind.MONEY else 1
        self._row += 1

    def _money(self, place: int, value: Money, *, total: bool) -> None:
        digits = value.currency.exponent
        pattern = "#,##0" + ("." + "0" * digits if digits else "")
        style, text = self._format(pattern, total=total), value.decimal_text()
        if len(str(abs(value.minor))) > _WIDEST_EXACT:
            self._page.write_string(self._row, place, text, style)
        else:
            self._page.write_number(self._row, place, Decimal(text), style)
        self._page.write_string(
            self._row, place + 1, value.currency.code, self._format("@", total=total)
        )

    def _plain(self, place: int, column: Column, value: Cell, *, total: bool) -> None:
        if isinstance(value, date) and column.kind is ColumnKind.DAY:
            style = self._format("yyyy-mm-dd", total=total)
            self._page.write_datetime(self._row, place, value, style)
        elif isinstance(value, int):
            self._page.write_number(self._row, place, value, self._format("0", total=total))
        else:
            said = self._said(column, value)
            self._page.write_string(self._row, place, said, self._format("@", total=total))

    def _said(self, column: Column, value: Cell) -> str:
        if isinstance(value, Fraction):
            return f"{plain(column, value)} %"
        if isinstance(value, str):
            return self._word(value) if column.kind is ColumnKind.CODE else value
        return plain(column, value)

    def _format(self, pattern: str, *, total: bool) -> Any:
        key = (pattern, total)
        if key not in self._formats:
            style = {"num_format": pattern, **({"bold": True, "top": 1} if total else {})}
            self._formats[key] = self._book.add_format(style)
        return self._formats[key]
