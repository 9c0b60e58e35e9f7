"""An organisation's group as pages show it."""

from dataclasses import dataclass
from datetime import date, datetime

from billing.domain.groups.records import SharedNote
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
    open: Money
    state: str
    tenant_id: str
    customer: str | None = None


@dataclass(frozen=True, slots=True)
class SharedRow:
    """A child's invoice; ``open`` is still to be paid of it."""

    number: str
    child: str
    dated: date
    total: Money
    open: Money
    state: str


@dataclass(frozen=True, slots=True)
class OrderRow:
    """A subscription with the purchase order and the cost centre of its own."""

    subscription_id: str
    name: str
    purchase_order: str
    cost_centre: str


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
    default_centre: str
    orders: tuple[OrderRow, ...]
    may_change: bool


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """A payment of a consolidated invoice; ``kept`` stands to the parent's credit."""

    at: datetime
    amount: Money
    kept: Money
    reference: str | None
    failure: str | None
    state: str


@dataclass(frozen=True, slots=True)
class ConsolidatedPageView:
    """One consolidated invoice with what is in it, and what became of it."""

    row: ConsolidatedRow
    seller: str
    buyer: str
    invoices: tuple[SharedRow, ...]
    notes: tuple[SharedNote, ...]
    payments: tuple[PaymentRow, ...]


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
