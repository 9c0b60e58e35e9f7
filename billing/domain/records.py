"""What billing keeps, as values."""

import json
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from control_plane.kernel.ids import InvoiceId, PaymentId, TenantId
from control_plane.kernel.money import Money


@dataclass(frozen=True, slots=True)
class Account:
    """A tenant's billing. Everything due up to ``closed_through`` has been invoiced.

    ``method_label`` is what people see of the means of payment, such as ``visa •••• 4242``.
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


class InvoiceState(StrEnum):
    """Whether anything is open on an invoice."""

    ISSUED = "issued"
    PAID = "paid"


@dataclass(frozen=True, slots=True)
class InvoiceSummary:
    """An invoice as lists show it. ``dated`` is the local day it fell due; no tax is included."""

    tenant_id: TenantId
    id: InvoiceId
    number: str
    due_at: datetime
    dated: date
    payable_by: date
    total: Money
    state: InvoiceState
    issued_at: datetime
    paid_at: datetime | None

    @property
    def open(self) -> Money:
        """What is still to be paid."""
        return self.total if self.state is InvoiceState.ISSUED else Money.zero(self.total.currency)


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
