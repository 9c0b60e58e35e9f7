"""What is kept of groups, as values."""

import json
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from billing.domain.records import PaymentState
from control_plane.kernel.ids import (
    ConsolidatedInvoiceId,
    CreditNoteId,
    InvoiceId,
    MembershipId,
    PaymentId,
    TenantId,
)
from control_plane.kernel.money import Money


class MembershipState(StrEnum):
    """Where a membership stands: the child asks, the parent answers, either ends it."""

    REQUESTED = "requested"
    ACTIVE = "active"
    DECLINED = "declined"
    ENDED = "ended"


class Cadence(StrEnum):
    """Which invoices become one consolidated invoice: those of one date, or of one month."""

    DATE = "date"
    MONTH = "month"


class ConsolidatedState(StrEnum):
    """Where a consolidated invoice stands, by what is open of it."""

    ISSUED = "issued"
    PARTLY_PAID = "partly_paid"
    PAID = "paid"


@dataclass(frozen=True, slots=True)
class Membership:
    """A child's membership in its parent's group.

    By it the child's invoices are shown to the parent; with ``parent_pays`` the parent owes them.
    """

    child_id: TenantId
    id: MembershipId
    parent_id: TenantId
    child_name: str
    parent_name: str
    parent_pays: bool
    state: MembershipState
    requested_by: str
    requested_at: datetime


@dataclass(frozen=True, slots=True)
class SharedInvoice:
    """A copy of a child's invoice, as its parent keeps it.

    ``open`` is what is still to be paid of it: it follows the child's payments and credit notes.
    ``paid`` is what the parent's payments settled of it.
    """

    parent_id: TenantId
    invoice_id: InvoiceId
    child_id: TenantId
    child_name: str
    number: str
    entity: str
    dated: date
    payable_by: date
    total: Money
    open: Money
    parent_pays: bool
    body: bytes
    shared_at: datetime
    consolidated_id: ConsolidatedInvoiceId | None = None
    paid: Money | None = None

    @property
    def content(self) -> dict[str, Any]:
        """The body, read."""
        return dict(json.loads(self.body))


@dataclass(frozen=True, slots=True)
class ConsolidatedInvoice:
    """One document over children's invoices, paid by one payment.

    It is a statement: the children's invoices stay the tax documents, and carry what is owed.
    ``total`` was to be paid when it was issued; ``paid`` is what came in for it since, and ``open``
    what its invoices leave to be paid beyond what came in and has not reached them yet.
    """

    tenant_id: TenantId
    id: ConsolidatedInvoiceId
    number: str
    entity: str
    first_day: date
    last_day: date
    dated: date
    payable_by: date
    total: Money
    body: bytes
    body_sha256: str
    paid: Money
    open: Money
    issued_at: datetime

    @property
    def state(self) -> ConsolidatedState:
        """Where it stands."""
        if not self.open.minor:
            return ConsolidatedState.PAID
        return ConsolidatedState.PARTLY_PAID if self.paid.minor else ConsolidatedState.ISSUED

    @property
    def content(self) -> dict[str, Any]:
        """The body, read."""
        return dict(json.loads(self.body))


@dataclass(frozen=True, slots=True)
class SharedNote:
    """A credit note over a shared invoice; ``lowered`` came off what was open of it."""

    note_id: CreditNoteId
    invoice_id: InvoiceId
    number: str
    dated: date
    total: Money
    lowered: Money


@dataclass(frozen=True, slots=True)
class GroupPayment:
    """What a parent pays of a consolidated invoice, by transfer or by card.

    ``kept`` is what none of its invoices needed, and stands to the parent's credit. ``spread_at``
    is when the last of them was settled with it.
    """

    tenant_id: TenantId
    id: PaymentId
    consolidated_id: ConsolidatedInvoiceId
    provider: str
    state: PaymentState
    amount: Money
    kept: Money
    reference: str | None
    failure: str | None
    created_at: datetime
    settled_at: datetime | None
    spread_at: datetime | None


@dataclass(frozen=True, slots=True)
class ConsolidatedDetail:
    """A consolidated invoice with its invoices, their credit notes, and its payments."""

    made: ConsolidatedInvoice
    invoices: tuple[SharedInvoice, ...]
    notes: tuple[SharedNote, ...]
    payments: tuple[GroupPayment, ...]
