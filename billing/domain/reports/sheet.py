"""A report: named columns, rows of plain values, and sums where they mean something."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import TypeAlias

from control_plane.kernel.money import Money

Cell: TypeAlias = str | int | date | Money | Fraction | None
"""Text, count, day, amount, ratio (shown in percent), or nothing."""


class ColumnKind(StrEnum):
    """How a column's cells are written."""

    TEXT = "text"
    CODE = "code"
    COUNT = "count"
    DAY = "day"
    MONTH = "month"
    MONEY = "money"
    RATIO = "ratio"


@dataclass(frozen=True, slots=True)
class Column:
    """A column by its key. A ``code`` column's cells are words of ours, translated for people."""

    key: str
    kind: ColumnKind = ColumnKind.TEXT


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table of a report. ``sums`` are rows of the same shape: one for each currency.

    ``chart`` names the column that a chart would show against the first, None for no chart.
    """

    code: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    sums: tuple[tuple[Cell, ...], ...] = ()
    chart: str | None = None


def text(key: str) -> Column:
    """Return a column of free text."""
    return Column(key)


def code(key: str) -> Column:
    """Return a column of our own words."""
    return Column(key, ColumnKind.CODE)


def count(key: str) -> Column:
    """Return a column of whole numbers."""
    return Column(key, ColumnKind.COUNT)


def day(key: str) -> Column:
    """Return a column of dates."""
    return Column(key, ColumnKind.DAY)


def month(key: str) -> Column:
    """Return a column of months, each named by its last day."""
    return Column(key, ColumnKind.MONTH)


def money(key: str) -> Column:
    """Return a column of amounts."""
    return Column(key, ColumnKind.MONEY)


def ratio(key: str) -> Column:
    """Return a column of ratios."""
    return Column(key, ColumnKind.RATIO)


def summed(
    columns: Sequence[Column], rows: Sequence[Sequence[Cell]]
) -> tuple[tuple[Cell, ...], ...]:
    """Return one row for each currency that adds up the amounts; other cells stay empty."""
    amounts = [i for i, column in enumerate(columns) if column.kind is ColumnKind.MONEY]
    sums: dict[str, list[Cell]] = {}
    for row in rows:
        for i in amounts:
            cell = row[i]
            if isinstance(cell, Money):
                total = sums.setdefault(cell.currency.code, [None] * len(columns))
                so_far = total[i]
                total[i] = cell if not isinstance(so_far, Money) else so_far + cell
    return tuple(tuple(sums[currency]) for currency in sorted(sums))
