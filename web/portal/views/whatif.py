"""What-if as pages show it: what plans would have cost, and what a catalogue would have brought."""

from dataclasses import dataclass
from datetime import date

from control_plane.kernel.money import Money
from control_plane.kernel.period import Period
from web.portal.views.reports import SheetView


@dataclass(frozen=True, slots=True)
class CostBar:
    """What one plan would have cost; ``width`` is its share of the dearest one.

    ``difference`` is against the held plan: None for that one, or where it could not be compared.
    ``missing`` names modules of the held plan that this one lacks.
    """

    name: str
    amount: Money
    width: str
    held: bool
    missing: tuple[str, ...]
    difference: Money | None


@dataclass(frozen=True, slots=True)
class ComparisonView:
    """The last whole months under every plan on sale, the cheapest first."""

    period: Period
    months: int
    bars: tuple[CostBar, ...]


@dataclass(frozen=True, slots=True)
class ChangeBar:
    """What one customer would have paid more (to the right of the middle) or less."""

    name: str
    amount: Money
    x: str
    width: str
    dearer: bool


@dataclass(frozen=True, slots=True)
class ChangeChart:
    """The largest differences of one currency; ``further`` customers differ as well."""

    title: str
    bars: tuple[ChangeBar, ...]
    further: int


@dataclass(frozen=True, slots=True)
class SumsView:
    """One currency's revenue before and after, and how many would pay more, less, the same."""

    before: Money
    after: Money
    difference: Money
    dearer: int
    cheaper: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class BacktestResult:
    """What was found; ``rated`` organisations are in the sums, the sheets tell the rest.

    ``shown`` of ``customers`` rows are on the page; files hold all of them.
    """

    first: date
    last: date
    rated: int
    sums: tuple[SumsView, ...]
    charts: tuple[ChangeChart, ...]
    sheets: tuple[SheetView, ...]
    shown: int
    customers: int


@dataclass(frozen=True, slots=True)
class BacktestView:
    """The question, what is wrong with it, and the answer once there is one."""

    zones: tuple[str, ...]
    sandboxes: bool = False
    problems: tuple[str, ...] = ()
    result: BacktestResult | None = None
