"""Invoices as customers and finance read them."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from control_plane.kernel.money import Money
from web.portal.views.shell import Choice


@dataclass(frozen=True, slots=True)
class InvoiceRow:
    """An invoice in a list; ``tenant`` is filled for finance only."""

    invoice_id: str
    number: str
    dated: date
    payable_by: date
    total: Money
    state: str
    tenant: str | None = None
    tenant_id: str | None = None
    sandbox: bool = False


@dataclass(frozen=True, slots=True)
class InvoicesView:
    """A page of invoices, newest first; ``after`` continues the list."""

    rows: tuple[InvoiceRow, ...]
    outstanding: tuple[Money, ...] = ()
    after: str | None = None


@dataclass(frozen=True, slots=True)
class InvoiceLineView:
    """A line of an invoice: its first and last day, and the way it was worked out."""

    line_id: str
    description: str
    amount: Money
    quantity: Decimal | None = None
    unit: str | None = None
    period: tuple[date, date] | None = None
    explanation: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PaymentView:
    """A payment or an attempt at one."""

    at: datetime
    method: str
    reference: str
    amount: Money
    state: str


@dataclass(frozen=True, slots=True)
class InvoiceView:
    """One invoice, whole."""

    invoice_id: str
    number: str
    state: str
    dated: date
    payable_by: date
    organisation: str
    lines: tuple[InvoiceLineView, ...]
    total: Money
    paid: Money
    payments: tuple[PaymentView, ...] = ()
    seller: str = "Tallyard"
    pdf_url: str = ""
    manifest: tuple[tuple[str, str], ...] = ()
    tenant_id: str | None = None

    @property
    def due(self) -> Money:
        """What is still to be paid."""
        return self.total - self.paid


@dataclass(frozen=True, slots=True)
class Filters:
    """Finance's filters as they stand."""

    tenants: tuple[Choice, ...]
    states: tuple[Choice, ...]
    month: str
    csv_url: str


@dataclass(frozen=True, slots=True)
class FinanceView:
    """All organisations' invoices under the filters, with a sum for each currency."""

    filters: Filters
    rows: tuple[InvoiceRow, ...]
    totals: tuple[Money, ...]
    outstanding: tuple[Money, ...]
    after: str | None = None
