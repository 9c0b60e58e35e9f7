"""Reports as finance reads them."""

from dataclasses import dataclass
from datetime import date

from billing.domain.reports.sheet import Cell, Column
from control_plane.kernel.money import Money
from web.portal.views.shell import Choice


@dataclass(frozen=True, slots=True)
class ReportBar:
    """One bar of a report's chart: a month, or an age."""

    label: str
    amount: Money
    x: str
    width: str
    y: int
    height: int
    centre: str
    minor: bool


@dataclass(frozen=True, slots=True)
class ReportChart:
    """Bars of one currency; ``grid`` are horizontal lines at round amounts."""

    title: str
    bars: tuple[ReportBar, ...]
    grid: tuple[tuple[int, Money], ...]
    height: int
    base: int


@dataclass(frozen=True, slots=True)
class SheetView:
    """One page of a table with its charts, and where to download all of it.

    ``shown`` are the first and the last row's places among ``total``.
    """

    code: str
    title: str
    columns: tuple[tuple[Column, str], ...]
    rows: tuple[tuple[Cell, ...], ...]
    sums: tuple[tuple[Cell, ...], ...]
    charts: tuple[ReportChart, ...]
    csv_url: str
    shown: tuple[int, int]
    total: int
    previous_url: str | None = None
    next_url: str | None = None


@dataclass(frozen=True, slots=True)
class ReportView:
    """One report under its filters. A choice that is empty is not asked for."""

    name: str
    title: str
    lead: str
    reports: tuple[Choice, ...]
    first: date | None
    last: date
    tenants: tuple[Choice, ...]
    more_tenants: str | None
    groupings: tuple[Choice, ...]
    accounts: tuple[Choice, ...]
    sheets: tuple[SheetView, ...]
    excel_url: str


@dataclass(frozen=True, slots=True)
class VouchersView:
    """The export of vouchers: the months, and what is wrong with the mapping."""

    reports: tuple[Choice, ...]
    month: str
    mapping: str
    problems: tuple[str, ...] = ()
