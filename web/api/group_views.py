"""Groups and consolidated invoices as the API shows them."""

from datetime import date, datetime
from typing import Any

import msgspec

from billing.domain.groups.records import (
    ConsolidatedDetail,
    ConsolidatedInvoice,
    GroupPayment,
    Membership,
    SharedInvoice,
    SharedNote,
)
from control_plane.kernel.ids import format_id
from control_plane.kernel.money import Money


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
    """A child's invoice, as it agreed to show it; amounts are decimal texts.

    ``open`` is still to be paid of it, ``paid`` what your payments settled of it.
    """

    invoice_id: str
    number: str
    child: str
    dated: date
    payable_by: date
    currency: str
    total: str
    open: str
    paid: str
    parent_pays: bool
    consolidated_id: str | None


class SharedNoteView(msgspec.Struct):
    """A credit note over one of the invoices; ``lowered`` came off what was open of it."""

    number: str
    invoice_id: str
    dated: date
    total: str
    lowered: str


class GroupPaymentView(msgspec.Struct):
    """What you paid; ``kept`` was needed by none of the invoices, and stands to your credit."""

    id: str
    provider: str
    state: str
    amount: str
    kept: str
    reference: str | None
    failure: str | None
    created_at: datetime
    settled_at: datetime | None


class ConsolidatedView(msgspec.Struct):
    """One document over children's invoices: ``total`` was asked for, ``open`` still is."""

    id: str
    number: str
    first_day: date
    last_day: date
    dated: date
    payable_by: date
    currency: str
    total: str
    paid: str
    open: str
    state: str


class ConsolidatedDetailView(msgspec.Struct):
    """A consolidated invoice with its frozen content, and what became of it since."""

    consolidated: ConsolidatedView
    content: dict[str, Any]
    content_sha256: str
    invoices: list[SharedInvoiceView]
    credit_notes: list[SharedNoteView]
    payments: list[GroupPaymentView]


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
        paid=(found.paid or Money.zero(found.total.currency)).decimal_text(),
        parent_pays=found.parent_pays,
        consolidated_id=None if together is None else format_id("cin", together),
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
        paid=made.paid.decimal_text(),
        open=made.open.decimal_text(),
        state=made.state.value,
    )


def consolidated_detail(found: ConsolidatedDetail) -> ConsolidatedDetailView:
    """Show a consolidated invoice with all that belongs to it."""
    made = found.made
    return ConsolidatedDetailView(
        consolidated=consolidated_view(made),
        content=made.content,
        content_sha256=made.body_sha256,
        invoices=[shared_view(invoice) for invoice in found.invoices],
        credit_notes=[_note(note) for note in found.notes],
        payments=[payment_view(payment) for payment in found.payments],
    )


def _note(note: SharedNote) -> SharedNoteView:
    return SharedNoteView(
        number=note.number,
        invoice_id=format_id("inv", note.invoice_id),
        dated=note.dated,
        total=note.total.decimal_text(),
        lowered=note.lowered.decimal_text(),
    )


def payment_view(payment: GroupPayment) -> GroupPaymentView:
    """Show a payment of a consolidated invoice."""
    return GroupPaymentView(
        id=format_id("pay", payment.id),
        provider=payment.provider,
        state=payment.state.value,
        amount=payment.amount.decimal_text(),
        kept=payment.kept.decimal_text(),
        reference=payment.reference,
        failure=payment.failure,
        created_at=payment.created_at,
        settled_at=payment.settled_at,
    )
