"""Home and usage as the pages show them."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from control_plane.kernel.money import Money
from control_plane.kernel.period import Period
from web.portal.charts import BarChart, YearStrip
from web.portal.views.shell import Choice
from web.portal.views.subscriptions import CurrentPlan


@dataclass(frozen=True, slots=True)
class ModuleStatus:
    """A module's service as the customer sees it."""

    name: str
    code: str
    state: str
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class UsageShare:
    """What one value of a property used; the value is empty where events had none."""

    value: str
    quantity: Decimal
    events: int


@dataclass(frozen=True, slots=True)
class UsageSeries:
    """A meter's quantities by day, with the chart of them, and by a property where asked for."""

    meter: str
    name: str
    module: str
    unit: str
    total: Decimal
    days: tuple[tuple[date, Decimal], ...]
    chart: BarChart
    tone: int = 1
    groups: tuple[UsageShare, ...] = ()


@dataclass(frozen=True, slots=True)
class UsageRow:
    """One day in the data table; quantities stand in the order of the series."""

    day: date
    quantities: tuple[Decimal, ...]


def usage_rows(series: tuple[UsageSeries, ...]) -> tuple[UsageRow, ...]:
    """Turn series over the same days into rows, one for each day."""
    if not series:
        return ()
    columns = [[quantity for _, quantity in one.days] for one in series]
    days = [day for day, _ in series[0].days]
    return tuple(
        UsageRow(day, quantities)
        for day, quantities in zip(days, zip(*columns, strict=True), strict=True)
    )


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """An event that came too late to be counted."""

    time: datetime
    refused_at: datetime
    kind: str
    source: str
    event_id: str


@dataclass(frozen=True, slots=True)
class UsageView:
    """Usage of one month; ``refused`` are the latest events that were not counted.

    There are ``more_refused`` than those shown when it says so. ``quarantined`` events have no
    meter that counts them. ``by`` is the property that usage is grouped by, if any.
    """

    series: tuple[UsageSeries, ...]
    months: tuple[Choice, ...]
    period: Period
    refused: tuple[RefusedRow, ...] = ()
    more_refused: bool = False
    quarantined: int = 0
    by: str = ""

    @property
    def rows(self) -> tuple[UsageRow, ...]:
        """The charts' numbers as table rows."""
        return usage_rows(self.series)


@dataclass(frozen=True, slots=True)
class NextInvoice:
    """When the next invoice falls due and what is known of it: its fees, and usage so far."""

    due_at: datetime
    fee: Money | None
    usage: Money | None = None


@dataclass(frozen=True, slots=True)
class OpenInvoice:
    """An invoice still to be paid."""

    invoice_id: str
    number: str
    total: Money
    issued_at: datetime
    payable_by: date
    overdue: bool


@dataclass(frozen=True, slots=True)
class SeasonAhead:
    """A peak season coming up."""

    name: str
    window: Period
    days_ahead: int
    booked: bool


@dataclass(frozen=True, slots=True)
class HomeView:
    """The portal's first page."""

    plans: tuple[CurrentPlan, ...]
    modules: tuple[ModuleStatus, ...]
    usage: tuple[UsageSeries, ...]
    period: Period | None
    next_invoice: NextInvoice | None
    open_invoices: tuple[OpenInvoice, ...]
    seasons: tuple[SeasonAhead, ...]
    year: YearStrip | None

    @property
    def rows(self) -> tuple[UsageRow, ...]:
        """The charts' numbers as table rows."""
        return usage_rows(self.usage)
