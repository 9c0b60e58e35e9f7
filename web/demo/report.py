"""What the demo shows: progress while it runs, and a table at the end."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from rich import box
from rich.console import Console, JustifyMethod
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from web.demo.books import Check
from web.demo.journey import YEAR, Month

MONTHS = range(1, 13)


@dataclass(slots=True)
class Screen:
    """A terminal, or a plain log where there is none."""

    console: Console = field(default_factory=lambda: Console(highlight=False))
    progress: Progress = field(init=False)
    _days: TaskID = field(init=False)
    _orders: TaskID = field(init=False)

    def __post_init__(self) -> None:
        self.progress = Progress(
            TextColumn("{task.description:>8}"),
            BarColumn(bar_width=40),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[note]}"),
            console=self.console,
        )

    def begin(self, days: int, orders: int) -> None:
        """Show both bars."""
        self._days = self.progress.add_task("days", total=days, note="")
        self._orders = self.progress.add_task("orders", total=orders, note="")
        self.progress.start()

    def end(self) -> None:
        """Leave the bars as they are."""
        self.progress.stop()

    def say(self, text: str) -> None:
        """Say one thing that happened."""
        self.console.print(f"  [dim]•[/dim] {text}")

    def day(self, day: date, orders: int) -> None:
        """Move both bars."""
        self.progress.update(self._days, advance=1, note=day.isoformat())
        self.progress.update(self._orders, advance=orders)


def year_table(
    months: Mapping[int, Month],
    invoices: Iterable[Mapping[str, Any]],
    notes: Iterable[Mapping[str, Any]],
) -> Table:
    """Build the closing table: a row a month, a total below; 80 columns wide, and never cut."""
    table = Table(
        title=f"Bella Pizza's {YEAR}",
        title_justify="left",
        box=box.SIMPLE,
        show_edge=False,
        padding=(0, 0, 0, 1),
        pad_edge=False,
    )
    for heading in (
        "month",
        "calls",
        "lines",
        "units shipped",
        "refused",
        "invoices",
        "invoiced CNY",
        "credited CNY",
    ):
        justify: JustifyMethod = "left" if heading == "month" else "right"
        table.add_column(heading, justify=justify, overflow="fold")
    invoiced, credited = _by_month(invoices), _by_month(notes)
    totals = [0, 0, 0, 0, 0, Decimal(0), Decimal(0)]
    for number in (*MONTHS, 13):
        row = _row(months.get(number, Month()), invoiced[number], credited[number])
        if number not in MONTHS and not any(row):
            continue
        label = f"{YEAR}-{number:02}" if number in MONTHS else "after"
        table.add_row(label, *_texts(row))
        totals = [total + value for total, value in zip(totals, row, strict=True)]
    table.add_section()
    table.add_row("year", *_texts(totals), style="bold")
    return table


def _by_month(documents: Iterable[Mapping[str, Any]]) -> dict[int, list[Decimal]]:
    """Sort totals by the month they are dated in; 13 is whatever came after the year."""
    totals: dict[int, list[Decimal]] = {number: [] for number in (*MONTHS, 13)}
    for document in documents:
        dated = date.fromisoformat(document["dated"])
        totals[dated.month if dated.year == YEAR else 13].append(Decimal(document["total"]))
    return totals


def _row(month: Month, invoices: list[Decimal], notes: list[Decimal]) -> list[Any]:
    kinds = (month.shipped, month.received, month.queried)
    return [
        sum(tally.calls for tally in kinds),
        sum(tally.lines for tally in kinds),
        month.shipped.units,
        sum(tally.refused for tally in kinds),
        len(invoices),
        sum(invoices, Decimal(0)),
        sum(notes, Decimal(0)),
    ]


def _texts(row: list[Any]) -> list[str]:
    return [f"{value:,}" for value in row[:-2]] + [f"{value:,.2f}" for value in row[-2:]]


def print_checks(console: Console, checks: Iterable[Check]) -> bool:
    """Show every comparison; tell whether all agree."""
    good = True
    for check in checks:
        good &= check.agrees
        mark = "[green]✓[/green]" if check.agrees else "[red]✗[/red]"
        console.print(
            f"  {mark} {check.what}: {check.found}"
            if check.agrees
            else f"  {mark} {check.what}: expected {check.expected}, found {check.found}"
        )
    return good
