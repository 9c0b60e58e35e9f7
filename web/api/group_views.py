"""Groups and consolidated invoices as the API shows them."""

from datetime import date, datetime
from typing import Any

import msgspec

from billing.domain.groups.records import ConsolidatedInvoice, Membership, SharedInvoice
from control_plane.kernel.ids import format_id


class GroupCodeView(msgspec.Struct):
    """What a child needs to ask for membership; good for fourteen days."""

    code: str


class JoinRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The parent's code, and whether the parent shall pay your invoices."""

    code: str
    parent_pays: bool = False


class CadenceBody(msgspec.Struct, forbid_unknown_fields=True):
    """Whether invoices of one ``date`` or of one ``month`` become one consolidated invoice."""

    cadence: str


class MembershipView(msgspec.Struct):
    """A membership as either side sees it."""

    id: str
    child_id: str
    child: str
    parent_id: str
    parent: str
    parent_pays: bool
    state: str
    requested_at: datetime


class GroupView(msgspec.Struct):
    """Your parent if you have one, your children if you lead a group."""

    parent: MembershipView | None
    children: list[MembershipView]
    cadence: str


class SharedInvoiceView(msgspec.Struct):
    """A child's invoice, as it agreed to show it; amounts are decimal texts."""

    invoice_id: str
    number: str
    child: str
    dated: date
    payable_by: date
    currency: str
    total: str
    open: str
    parent_pays: bool
    consolidated_id: str | None
    settled_at: datetime | None
    unsettled_because: str | None


class ConsolidatedView(msgspec.Struct):
    """One document over children's invoices."""

    id: str
    number: str
    first_day: date
    last_day: date
    dated: date
    payable_by: date
    currency: str
    total: str
    state: str
    reference: str | None
    paid_at: datetime | None


class ConsolidatedDetail(msgspec.Struct):
    """A consolidated invoice with its frozen content, and how far it has been settled."""

    consolidated: ConsolidatedView
    content: dict[str, Any]
    content_sha256: str
    invoices: list[SharedInvoiceView]


class CustomerConsolidatedView(msgspec.Struct):
    """A consolidated invoice and whose it is."""

    tenant_id: str
    customer: str
    consolidated: ConsolidatedView


class ConsolidatedPayment(msgspec.Struct, forbid_unknown_fields=True):
    """The transfer that pays a consolidated invoice, with the bank's own reference."""

    amount: str
    currency: str
    reference: str


def membership_view(found: Membership) -> MembershipView:
    """Show a membership."""
    return MembershipView(
        id=format_id("mem", found.id),
        child_id=format_id("ten", found.child_id),
        child=found.child_name,
        parent_id=format_id("ten", found.parent_id),
        parent=found.parent_name,
        parent_pays=found.parent_pays,
        state=found.state.value,
        requested_at=found.requested_at,
    )


def shared_view(found: SharedInvoice) -> SharedInvoiceView:
    """Show a child's invoice."""
    together = found.consolidated_id
    return SharedInvoiceView(
        invoice_id=format_id("inv", found.invoice_id),
        number=found.number,
        child=found.child_name,
        dated=found.dated,
        payable_by=found.payable_by,
        currency=found.total.currency.code,
        total=found.total.decimal_text(),
        open=found.open.decimal_text(),
        parent_pays=found.parent_pays,
        consolidated_id=None if together is None else format_id("cin", together),
        settled_at=found.settled_at,
        unsettled_because=found.unsettled_because,
    )


def consolidated_view(made: ConsolidatedInvoice) -> ConsolidatedView:
    """Show a consolidated invoice."""
    return ConsolidatedView(
        id=format_id("cin", made.id),
        number=made.number,
        first_day=made.first_day,
        last_day=made.last_day,
        dated=made.dated,
        payable_by=made.payable_by,
        currency=made.total.currency.code,
        total=made.total.decimal_text(),
        state="paid" if made.paid else "issued",
        reference=made.reference,
        paid_at=made.paid_at,
    )
