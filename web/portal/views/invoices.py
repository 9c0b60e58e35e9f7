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
    open: Money | None = None
    tenant: str | None = None
    tenant_id: str | None = None
    sandbox: bool = False


@dataclass(frozen=True, slots=True)
class NoteView:
    """A credit note over an invoice."""

    note_id: str
    number: str
    dated: date
    total: Money
    lowered: Money
    carried: Money


@dataclass(frozen=True, slots=True)
class UpcomingView:
    """A document that is not issued yet: ``draft`` or ``grace``; negative amounts are credit."""

    state: str
    kind: str
    dated: date
    issued_at: datetime
    lines: tuple[tuple[str, Money], ...]
    total: Money


@dataclass(frozen=True, slots=True)
class InvoicesView:
    """A page of invoices, newest first; ``after`` continues the list."""

    rows: tuple[InvoiceRow, ...]
    outstanding: tuple[Money, ...] = ()
    credit: tuple[Money, ...] = ()
    notes: tuple[NoteView, ...] = ()
    upcoming: tuple[UpcomingView, ...] = ()
    after: str | None = None


@dataclass(frozen=True, slots=True)
class AppliedView:
    """What settled a part of an invoice when it was issued."""

    label: str
    reference: str
    amount: Money


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
    discounts: tuple[AppliedView, ...] = ()
    events_url: str | None = None


@dataclass(frozen=True, slots=True)
class PaymentView:
    """A payment or an attempt at one."""

    at: datetime
    method: str
    reference: str
    amount: Money
    state: str


@dataclass(frozen=True, slots=True)
class TaxView:
    """A row of the tax summary; ``reason`` says why there is none."""

    label: str
    base: Money
    tax: Money
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class InvoiceView:
    """One invoice or credit note, whole. Of a note, ``corrects`` names its invoice."""

    invoice_id: str
    number: str
    state: str
    dated: date
    payable_by: date | None
    organisation: str
    lines: tuple[InvoiceLineView, ...]
    subtotal: Money
    discount: Money
    net: Money
    taxes: tuple[TaxView, ...]
    total: Money
    applied: tuple[AppliedView, ...]
    due: Money
    paid: Money
    credited: Money
    open: Money
    payments: tuple[PaymentView, ...] = ()
    notes: tuple[NoteView, ...] = ()
    seller: str = "Tallyard"
    pdf_url: str = ""
    verification_url: str = ""
    manifest: tuple[tuple[str, str], ...] = ()
    tenant_id: str | None = None
    purchase_order: str | None = None
    end_reason: str | None = None
    corrects: tuple[str, str] | None = None

    @property
    def voidable(self) -> bool:
        """Whether nothing of it is settled yet."""
        settled = (self.paid + self.credited).minor or self.applied or self.notes
        return self.state in {"issued", "overdue"} and not settled and not self.discount.minor


@dataclass(frozen=True, slots=True)
class Filters:
    """Finance's filters as they stand."""

    tenants: tuple[Choice, ...]
    more_tenants: str | None
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
