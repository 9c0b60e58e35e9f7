"""What is kept of groups, as values."""

import json
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from control_plane.kernel.ids import ConsolidatedInvoiceId, InvoiceId, MembershipId, TenantId
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

    ``open`` is what was to be paid when it was shared last, or consolidated. ``settled_at`` is when
    the parent's payment reached the child's books; ``unsettled_because`` says why it could not.
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
    settled_at: datetime | None = None
    unsettled_because: str | None = None

    @property
    def content(self) -> dict[str, Any]:
        """The body, read."""
        return dict(json.loads(self.body))


@dataclass(frozen=True, slots=True)
class ConsolidatedInvoice:
    """One document over children's invoices, paid by one payment.

    It is a statement: the children's invoices stay the tax documents.
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
    paid: bool
    issued_at: datetime
    reference: str | None = None
    paid_at: datetime | None = None

    @property
    def content(self) -> dict[str, Any]:
        """The body, read."""
        return dict(json.loads(self.body))
