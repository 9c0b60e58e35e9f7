"""The demo's real input: a pizza place's sales of one year.

49,574 sale lines in 21,350 orders ship with the PyPI package ``great-tables``
(MIT) as ``05-pizzaplace.csv``. Their dates are moved to the demo's year. Around
618 and Double 11, and on one day outside any season, demand is amplified by
replaying the day's orders several times; the demo says so.
"""

import csv
import importlib.util
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain
from pathlib import Path

AMPLIFIED_BY = 5
_PEAK_MONTH_DAYS = {(6, 16), (6, 17), (6, 18), (11, 9), (11, 10), (11, 11)}
_RUSH_MONTH_DAY = (8, 8)
"""A rush nobody booked capacity for: the daily limit must refuse what exceeds it."""
_ALWAYS_SAMPLED = {(6, 18), (11, 11), _RUSH_MONTH_DAY}


@dataclass(frozen=True, slots=True)
class Order:
    """One customer's order: a line a sale, in whole pieces of an article."""

    reference: str
    lines: tuple[tuple[str, int], ...]

    @property
    def units(self) -> int:
        """Pieces over all lines."""
        return sum(quantity for _, quantity in self.lines)


@dataclass(frozen=True, slots=True)
class SalesDay:
    """What the shop sold on one local day, amplified where a season or a rush says so."""

    day: date
    orders: tuple[Order, ...]
    factor: int
    rush: bool

    def demand(self) -> Counter[str]:
        """Pieces per article over the whole day."""
        needed: Counter[str] = Counter()
        for sku, quantity in chain.from_iterable(order.lines for order in self.orders):
            needed[sku] += quantity
        return needed


def load_year(year: int) -> tuple[SalesDay, ...]:
    """Read the packaged sales and move them to ``year``, in the order of their days."""
    by_day: dict[date, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    with _csv_path().open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            sold = date.fromisoformat(row["date"]).replace(year=year)
            article = f"{row['name']}-{row['size']}".upper()
            by_day[sold][row["id"].removeprefix("2015-")].append(article)
    return tuple(_sales_day(day, by_day[day]) for day in sorted(by_day))


def sample(days: Sequence[SalesDay], scale: float) -> tuple[SalesDay, ...]:
    """Choose whole days, evenly, so that ``scale`` of the year's days remain.

    The peaks and the rush are always among them: limits stay as they are, so
    a sample meets the very same refusals and add-ons as the whole year.
    """
    if scale >= 1:
        return tuple(days)
    wanted = max(len(_ALWAYS_SAMPLED), int(len(days) * scale))
    always = [d for d in days if (d.day.month, d.day.day) in _ALWAYS_SAMPLED]
    rest = [d for d in days if d.factor == 1]
    count = wanted - len(always)
    step = len(rest) / count if count else 0
    chosen = [rest[int(i * step)] for i in range(count)]
    return tuple(sorted({*always, *chosen}, key=lambda d: d.day))


def weekly_purchases(days: Iterable[SalesDay]) -> Mapping[date, Mapping[str, int]]:
    """Say what to buy on each Monday so that the week's demand is in stock."""
    needed: dict[date, Counter[str]] = defaultdict(Counter)
    for sales in days:
        needed[sales.day - timedelta(days=sales.day.weekday())].update(sales.demand())
    return needed


def _sales_day(day: date, orders: Mapping[str, Sequence[str]]) -> SalesDay:
    month_day = (day.month, day.day)
    rush = month_day == _RUSH_MONTH_DAY
    factor = AMPLIFIED_BY if rush or month_day in _PEAK_MONTH_DAYS else 1
    copies = (
        Order(f"{reference}-{copy + 1}" if copy else reference, tuple((a, 1) for a in articles))
        for copy in range(factor)
        for reference, articles in sorted(orders.items())
    )
    return SalesDay(day=day, orders=tuple(copies), factor=factor, rush=rush)


def _csv_path() -> Path:
    # Located, not imported: the package draws tables, which is not what we want it for.
    spec = importlib.util.find_spec("great_tables")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("the package great-tables is not installed; run `make setup`")
    return Path(spec.origin).parent / "data" / "05-pizzaplace.csv"
