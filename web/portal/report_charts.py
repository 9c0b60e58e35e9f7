"""Lays out a report's bars: one chart for each currency, amounts added up by month or by age."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction

from billing.domain.reports.sheet import Cell, ColumnKind, Sheet
from control_plane.kernel.money import Money
from web.portal.charts import TOP, nice_ceiling, percent
from web.portal.views.reports import ReportBar, ReportChart

HEIGHT = 190
_BASE = HEIGHT - 22
_CROWDED = 8
_BARS = Fraction(88, 100)
"""The part of the width that bars take; the rest is for the amounts of the grid."""


def report_charts(
    sheet: Sheet, label: Callable[[Cell], str], word: Callable[[str], str]
) -> tuple[ReportChart, ...]:
    """Return the charts of a sheet: its chart column by month, or by age where it has ages."""
    if sheet.chart is None:
        return ()
    if sheet.columns[0].kind is not ColumnKind.MONTH:
        return _of_sums(sheet, word)
    place = [column.key for column in sheet.columns].index(sheet.chart)
    sums: dict[str, defaultdict[date, int]] = {}
    units = {}
    for row in sheet.rows:
        amount, month = row[place], row[0]
        if isinstance(amount, Money) and isinstance(month, date):
            units[amount.currency.code] = amount.currency
            sums.setdefault(amount.currency.code, defaultdict(int))[month] += amount.minor
    return tuple(
        _chart(
            word(sheet.chart), [(label(m), Money(v, units[code])) for m, v in sorted(by.items())]
        )
        for code, by in sorted(sums.items())
    )


def _of_sums(sheet: Sheet, word: Callable[[str], str]) -> tuple[ReportChart, ...]:
    """Draw the sums of every amount column but the last, which is their total."""
    keys = [c.key for c in sheet.columns if c.kind is ColumnKind.MONEY][:-1]
    charts = []
    for row in sheet.sums:
        amounts = [cell for cell in row if isinstance(cell, Money)][:-1]
        named = [(word(key), amount) for key, amount in zip(keys, amounts, strict=True)]
        charts.append(_chart(word(sheet.code), named))
    return tuple(charts)


def _chart(title: str, found: Sequence[tuple[str, Money]]) -> ReportChart:
    unit = found[0][1].currency
    highest = max(0, *(amount.minor for _, amount in found))
    top = int(nice_ceiling(Decimal(highest)))
    bars = tuple(
        _bar(place, len(found), name, amount, top) for place, (name, amount) in enumerate(found)
    )
    grid = tuple(
        (_BASE - _pixels(top * part // 2, top), Money(top * part // 2, unit)) for part in (0, 1, 2)
    )
    return ReportChart(f"{title} ({unit.code})", bars, grid, HEIGHT, _BASE)


def _bar(place: int, count: int, name: str, amount: Money, top: int) -> ReportBar:
    slot = _BARS / count
    tall = _pixels(amount.minor, top)
    return ReportBar(
        label=name,
        amount=amount,
        x=percent(slot * place + slot * Fraction(18, 100)),
        width=percent(slot * Fraction(64, 100)),
        y=_BASE - tall,
        height=tall,
        centre=percent(slot * place + slot / 2),
        minor=count > _CROWDED and place % 2 == 1,
    )


def _pixels(minor: int, top: int) -> int:
    scaled = max(minor, 0) * (_BASE - TOP) // top
    return max(scaled, 1) if minor > 0 else 0
