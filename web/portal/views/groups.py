"""An organisation's group as pages show it."""

from dataclasses import dataclass
from datetime import date

from billing.domain.groups.splitting import Split
from control_plane.kernel.money import Money
from web.portal.views.shell import Choice


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A membership; ``other`` is who stands on its other side."""

    membership_id: str
    other: str
    parent_pays: bool
    state: str


@dataclass(frozen=True, slots=True)
class ConsolidatedRow:
    """A consolidated invoice in a list; ``customer`` is filled for finance only."""

    consolidated_id: str
    number: str
    dated: date
    payable_by: date
    days: tuple[date, date]
    total: Money
    state: str
    tenant_id: str
    customer: str | None = None


@dataclass(frozen=True, slots=True)
class SharedRow:
    """A child's invoice; ``because`` says why a payment could not reach it."""

    number: str
    child: str
    dated: date
    total: Money
    open: Money
    state: str
    because: str | None


@dataclass(frozen=True, slots=True)
class OrderRow:
    """A subscription with the purchase order of its own."""

    subscription_id: str
    name: str
    purchase_order: str


@dataclass(frozen=True, slots=True)
class GroupPageView:
    """Parent or children, documents, cost centres, purchase orders."""

    parent: MemberRow | None
    children: tuple[MemberRow, ...]
    cadences: tuple[Choice, ...]
    code: str | None
    consolidated: tuple[ConsolidatedRow, ...]
    shared: tuple[SharedRow, ...]
    property: str
    orders: tuple[OrderRow, ...]
    may_change: bool


@dataclass(frozen=True, slots=True)
class ConsolidatedPageView:
    """One consolidated invoice with what is in it."""

    row: ConsolidatedRow
    seller: str
    buyer: str
    invoices: tuple[SharedRow, ...]
    reference: str | None


@dataclass(frozen=True, slots=True)
class CentreLine:
    """A line and its shares."""

    key: str
    name: str
    shares: tuple[Split, ...]


@dataclass(frozen=True, slots=True)
class CentreTotal:
    """What a cost centre has of a whole invoice."""

    centre: str
    amount: Money


@dataclass(frozen=True, slots=True)
class CentrePageView:
    """An invoice over cost centres; without lines where none were split."""

    invoice_id: str
    number: str
    lines: tuple[CentreLine, ...]
    totals: tuple[CentreTotal, ...]
