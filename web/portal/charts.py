"""The geometry of charts: quantities in, percentages and pixels out; templates draw them.

Positions along x are percentages of the width (so text never scales), those along y whole pixels
from the top. No float is involved.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

TOP = 18
"""Pixels kept free above the tallest bar, for labels."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One day's bar. ``label`` marks days whose date is written below the axis."""

    day: date
    quantity: Decimal
    x: str
    width: str
    y: int
    height: int
    centre: str
    label: bool
    minor: bool


@dataclass(frozen=True, slots=True)
class Band:
    """A stretch of days set off from the rest, such as a peak season."""

    x: str
    width: str
    name: str


@dataclass(frozen=True, slots=True)
class GridLine:
    """A horizontal line at a round quantity."""

    y: int
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class BarChart:
    """A bar chart by day; ``limit_y`` is where the limit's line runs, when there is one."""

    bars: tuple[Bar, ...]
    grid: tuple[GridLine, ...]
    bands: tuple[Band, ...]
    height: int
    base: int
    limit: Decimal | None = None
    limit_y: int | None = None

    @property
    def empty(self) -> bool:
        """Say whether there is nothing but zeros to show."""
        return not any(bar.quantity for bar in self.bars)


def percent(share: Fraction) -> str:
    """Write a share of the whole as a percentage with three decimals: 1/3 → ``33.333%``."""
    thousandths = share.numerator * 100_000 // share.denominator
    return f"{thousandths // 1000}.{thousandths % 1000:03d}%"


def nice_ceiling(quantity: Decimal) -> Decimal:
    """Return the least 1, 2, 4, 5 or 8 times a power of ten not below ``quantity``; 1 for zero."""
    if quantity <= 0:
        return Decimal(1)
    power = Decimal(10) ** quantity.adjusted()
    steps = (power * step for step in (1, 2, 4, 5, 8, 10))
    return next(step for step in steps if step >= quantity)


def bar_chart(
    days: Sequence[tuple[date, Decimal]],
    *,
    height: int = 170,
    limit: Decimal | None = None,
    seasons: Sequence[tuple[date, date, str]] = (),
) -> BarChart:
    """Lay out one bar for each day, in order.

    ``seasons`` are (first day, day after the last, name); what falls outside the chart is cut.
    """
    base = height - 22
    highest = max([quantity for _, quantity in days] + [limit or Decimal(0)], default=Decimal(0))
    top = nice_ceiling(highest)
    bars = tuple(
        _bar(index, len(days), day, quantity, base, top)
        for index, (day, quantity) in enumerate(days)
    )
    grid = tuple(
        GridLine(base - _pixels(top * part / 2, top, base), top * part / 2) for part in (0, 1, 2)
    )
    return BarChart(
        bars=bars,
        grid=grid,
        bands=_bands([day for day, _ in days], seasons),
        height=height,
        base=base,
        limit=limit,
        limit_y=None if limit is None else base - _pixels(limit, top, base),
    )


def _bar(index: int, count: int, day: date, quantity: Decimal, base: int, top: Decimal) -> Bar:
    slot = Fraction(1, count)
    tall = _pixels(quantity, top, base)
    return Bar(
        day=day,
        quantity=quantity,
        x=percent(slot * index + slot * Fraction(14, 100)),
        width=percent(slot * Fraction(72, 100)),
        y=base - tall,
        height=tall,
        centre=percent(slot * index + slot / 2),
        label=index % 5 == 0,
        minor=index % 10 != 0,
    )


def _pixels(quantity: Decimal, top: Decimal, base: int) -> int:
    """Scale to whole pixels; anything above zero is at least one pixel high."""
    scaled = int(Fraction(quantity) / Fraction(top) * (base - TOP))
    return max(scaled, 1) if quantity > 0 else 0


def _bands(days: Sequence[date], seasons: Sequence[tuple[date, date, str]]) -> tuple[Band, ...]:
    bands = []
    for first, after, name in seasons:
        inside = [index for index, day in enumerate(days) if first <= day < after]
        if inside:
            start, width = Fraction(inside[0], len(days)), Fraction(len(inside), len(days))
            bands.append(Band(percent(start), percent(width), name))
    return tuple(bands)


@dataclass(frozen=True, slots=True)
class YearWindow:
    """A season on the strip."""

    x: str
    width: str
    centre: str
    name: str
    booked: bool


@dataclass(frozen=True, slots=True)
class YearMonth:
    """Where a month begins on the strip."""

    x: str
    first: date
    minor: bool


@dataclass(frozen=True, slots=True)
class YearStrip:
    """Twelve months as one strip, with the seasons in it and today."""

    months: tuple[YearMonth, ...]
    windows: tuple[YearWindow, ...]
    today: date
    today_x: str


def year_strip(today: date, seasons: Sequence[tuple[date, date, str, bool]]) -> YearStrip:
    """Lay out the calendar year of ``today``; seasons are (first, after, name, booked)."""
    start, end = date(today.year, 1, 1), date(today.year + 1, 1, 1)
    length = (end - start).days

    def share(day: date) -> Fraction:
        return Fraction((min(max(day, start), end) - start).days, length)

    months = tuple(
        YearMonth(percent(share(first)), first, minor=(first.month - 1) % 3 != 0)
        for first in (date(today.year, month, 1) for month in range(1, 13))
    )
    windows = tuple(
        YearWindow(
            x=percent(share(first)),
            width=percent(share(after) - share(first)),
            centre=percent((share(first) + share(after)) / 2),
            name=name,
            booked=booked,
        )
        for first, after, name, booked in seasons
        if share(after) > share(first)
    )
    return YearStrip(months, windows, today, percent(share(today) + Fraction(1, 2 * length)))


def month_days(first: date) -> list[date]:
    """Return every day of the month that ``first`` lies in."""
    day = first.replace(day=1)
    days = []
    while day.month == first.month:
        days.append(day)
        day += timedelta(days=1)
    return days
