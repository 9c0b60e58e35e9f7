"""What billing keeps, as values."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from billing.domain.groups.centres import NO_CENTRES, CentreTerms
from control_plane.kernel.ids import CreditNoteId, InvoiceId, PaymentId, TenantId
from control_plane.kernel.money import Money


@dataclass(frozen=True, slots=True)
class Account:
    """A tenant's billing. Everything due up to ``closed_through`` has been invoiced.

    ``method_label`` is what people see of the means of payment, such as ``visa •••• 4242``.
    ``policies`` are the tenant's own choices. A period's invoice waits for ``grace`` after it fell
    due; usage not invoiced yet is invoiced once it passes the threshold (minor units). ``reach`` is
    from when on the next close looks at everything again; ``usage_cutoff`` is the look at the usage
    by which the last close was made. ``cost_centres`` is how the customer sorts its invoices.
    """

    tenant_id: TenantId
    entity: str
    closed_through: datetime | None
    next_due_at: datetime | None
    parked_reason: str | None
    provider: str
    provider_customer: str | None
    provider_method: str | None
    method_label: str | None
    policies: Mapping[str, str | int] = field(default_factory=dict)
    grace: timedelta = timedelta(0)
    threshold_minor: int | None = None
    reach: datetime | None = None
    usage_cutoff: str | None = None
    cost_centres: CentreTerms = NO_CENTRES


class InvoiceState(StrEnum):
    """Where an invoice is in its life. What comes before its issue is computed, never kept."""

    ISSUED = "issued"
    PAID = "paid"
    """Nothing is open: paid, credited, or settled by a balance."""
    OVERDUE = "overdue"
    UNCOLLECTIBLE = "uncollectible"
    """Written off: what was open is not expected any more."""
    VOIDED = "voided"
    """Taken back whole before anything was paid or credited. Its number stays used."""


OPEN_STATES = (InvoiceState.ISSUED, InvoiceState.OVERDUE)
"""The states in which somebody still has to pay."""


@dataclass(frozen=True, slots=True)
class InvoiceSummary:
    """An invoice as lists show it. ``dated`` is the local day it fell due.

    total = net + tax; due = total less the balances applied at issue; what is open of it is what
    was neither ``paid`` nor ``credited`` (by credit notes, as far as they lowered it).
    """

    tenant_id: TenantId
    id: InvoiceId
    number: str
    entity: str
    due_at: datetime
    dated: date
    payable_by: date
    subtotal: Money
    discount: Money
    net: Money
    tax: Money
    total: Money
    applied: Money
    due: Money
    paid: Money
    credited: Money
    state: InvoiceState
    issued_at: datetime
    paid_at: datetime | None
    ended_at: datetime | None = None
    end_reason: str | None = None
    purchase_order: str | None = None

    @property
    def unsettled(self) -> Money:
        """What was neither paid nor credited, written off or not."""
        return self.due - self.paid - self.credited

    @property
    def open(self) -> Money:
        """What is still to be paid; nothing of an invoice that was voided or written off."""
        if self.state not in OPEN_STATES:
            return Money.zero(self.total.currency)
        return self.unsettled


@dataclass(frozen=True, slots=True)
class StoredInvoice:
    """An invoice with its frozen bytes."""

    summary: InvoiceSummary
    body: bytes
    body_sha256: str
    manifest: bytes

    @property
    def content(self) -> dict[str, Any]:
        """The body, read."""
        return dict(json.loads(self.body))

    @property
    def inputs(self) -> dict[str, Any]:
        """The manifest, read."""
        return dict(json.loads(self.manifest))


@dataclass(frozen=True, slots=True)
class NoteSummary:
    """A credit note as lists show it. Every amount is positive.

    ``lowered`` came off what was open on its invoice; ``carried`` went to the customer's balance.
    """

    tenant_id: TenantId
    id: CreditNoteId
    number: str
    invoice_id: InvoiceId
    due_at: datetime
    dated: date
    reason: str
    subtotal: Money
    discount: Money
    net: Money
    tax: Money
    total: Money
    lowered: Money
    carried: Money
    issued_at: datetime


@dataclass(frozen=True, slots=True)
class StoredNote:
    """A credit note with its frozen bytes."""

    summary: NoteSummary
    body: bytes
    body_sha256: str
    manifest: bytes

    @property
    def content(self) -> dict[str, Any]:
        """The body, read."""
        return dict(json.loads(self.body))

    @property
    def inputs(self) -> dict[str, Any]:
        """The manifest, read."""
        return dict(json.loads(self.manifest))


class PaymentState(StrEnum):
    """Where an attempt to collect is. Only a failed one may be followed by another."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Payment:
    """One attempt to collect an invoice. ``reference`` is the provider's or the bank's."""

    tenant_id: TenantId
    id: PaymentId
    invoice_id: InvoiceId
    provider: str
    state: PaymentState
    amount: Money
    reference: str | None
    failure: str | None
    created_at: datetime
    settled_at: datetime | None
