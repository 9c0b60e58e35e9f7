"""Invoices and credit notes as sheets: from frozen bodies to what a page shows."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from billing.domain.explain import ExplainedLine
from billing.domain.records import NoteSummary, Payment, StoredNote
from billing.services.explain_invoice import Explanation
from billing.services.get_invoice import InvoiceView as Found
from billing.services.invoicing.explain_credit_note import NoteExplanation
from billing.services.invoicing.list_upcoming import Upcoming
from control_plane.kernel.currency import Currency, currency
from control_plane.kernel.ids import TenantId, format_id
from control_plane.kernel.money import Money
from web.i18n import N_, translate
from web.portal.labels import MANIFEST
from web.portal.views.invoices import (
    AppliedView,
    InvoiceLineView,
    InvoiceView,
    NoteView,
    PaymentView,
    TaxView,
    UpcomingView,
)

_METHODS = {"manual": N_("Bank transfer"), "stripe": N_("Card")}
_APPLIED = {"credit_note": N_("From your credit"), "prepaid": N_("From your prepaid balance")}


def sheet_of_invoice(
    found: Found, explained: Explanation, tenant_id: TenantId, language: str
) -> InvoiceView:
    """Show an invoice with its explanation, payments and credit notes."""
    summary, content = found.invoice.summary, found.invoice.content
    text_id = format_id("inv", summary.id)
    return InvoiceView(
        invoice_id=text_id,
        number=summary.number,
        state=summary.state.value,
        dated=summary.dated,
        payable_by=summary.payable_by,
        organisation=content["buyer"]["name"],
        seller=content["seller"]["name"],
        lines=lines_of(content, explained.lines, language, f"/portal/invoices/{text_id}"),
        subtotal=summary.subtotal,
        discount=summary.discount,
        net=summary.net,
        taxes=taxes_of(content, language),
        total=summary.total,
        applied=applied_of(content, language),
        due=summary.due,
        paid=summary.paid,
        credited=summary.credited,
        open=summary.open,
        payments=tuple(payment_view(payment, language) for payment in found.payments),
        notes=tuple(note_row(note) for note in found.notes),
        pdf_url=f"/portal/invoices/{text_id}/pdf",
        verification_url=f"/portal/invoices/{text_id}/verification",
        manifest=_plain(found.invoice.inputs, found.invoice.body_sha256, language),
        tenant_id=format_id("ten", tenant_id),
        purchase_order=summary.purchase_order,
        end_reason=summary.end_reason,
    )


def sheet_of_note(
    stored: StoredNote, explained: NoteExplanation, tenant_id: TenantId, language: str
) -> InvoiceView:
    """Show a credit note with its explanation."""
    summary, content = stored.summary, stored.content
    nothing = Money.zero(summary.total.currency)
    url = f"/portal/credit-notes/{format_id('crn', summary.id)}"
    return InvoiceView(
        invoice_id=format_id("crn", summary.id),
        number=summary.number,
        state="credited",
        dated=summary.dated,
        payable_by=None,
        organisation=content["buyer"]["name"],
        seller=content["seller"]["name"],
        lines=lines_of(content, explained.lines, language, url),
        subtotal=summary.subtotal,
        discount=summary.discount,
        net=summary.net,
        taxes=taxes_of(content, language),
        total=summary.total,
        applied=(),
        due=nothing,
        paid=summary.carried,
        credited=summary.lowered,
        open=nothing,
        verification_url=f"{url}/verification",
        manifest=_plain(stored.inputs, stored.body_sha256, language),
        tenant_id=format_id("ten", tenant_id),
        purchase_order=content["purchase_order"],
        corrects=(format_id("inv", summary.invoice_id), content["corrects"]["number"]),
    )


def lines_of(
    content: Mapping[str, Any], told: Iterable[ExplainedLine], language: str, url: str
) -> tuple[InvoiceLineView, ...]:
    """Show a document's lines, each with how it came about; ``url`` is the document's own."""
    code = currency(content["currency"])
    return tuple(
        replace(_line(explained, line, code, language), events_url=_events_url(line, url))
        for explained, line in zip(told, content["lines"], strict=True)
    )


def taxes_of(content: Mapping[str, Any], language: str) -> tuple[TaxView, ...]:
    """Show a document's tax summary; nothing where its seller charges none."""
    code = currency(content["currency"])
    return tuple(
        TaxView(
            label=f"{group['rate']} %",
            base=Money(group["base_minor"], code),
            tax=Money(group["tax_minor"], code),
            reason=None if group["reason"] is None else group["reason"][language],
        )
        for group in content.get("taxes", ())
    )


def applied_of(content: Mapping[str, Any], language: str) -> tuple[AppliedView, ...]:
    """Show what balances settled."""
    code = currency(content["currency"])
    return tuple(
        AppliedView(
            label=translate(language, _APPLIED[applied["kind"]]),
            reference=applied["reference"],
            amount=Money(applied["amount_minor"], code),
        )
        for applied in content.get("applied", ())
    )


def note_row(note: NoteSummary) -> NoteView:
    """Show a credit note in a list."""
    return NoteView(
        note_id=format_id("crn", note.id),
        number=note.number,
        dated=note.dated,
        total=note.total,
        lowered=note.lowered,
        carried=note.carried,
    )


def payment_view(payment: Payment, language: str) -> PaymentView:
    """Show a payment."""
    return PaymentView(
        at=payment.settled_at or payment.created_at,
        method=translate(language, _METHODS.get(payment.provider, payment.provider)),
        reference=payment.reference or "",
        amount=payment.amount,
        state=payment.state.value,
    )


def upcoming_views(found: Iterable[Upcoming], language: str) -> tuple[UpcomingView, ...]:
    """Show what is not issued yet."""
    return tuple(_upcoming(entry, language) for entry in found)


def _upcoming(entry: Upcoming, language: str) -> UpcomingView:
    body, code = entry.body, currency(entry.body["currency"])
    sign = -1 if body["kind"] == "credit_note" else 1
    return UpcomingView(
        state=entry.state.value,
        kind=body["kind"],
        dated=date.fromisoformat(body["date"]),
        issued_at=entry.issued_at,
        lines=tuple(
            (_title(line, language), Money(sign * line["amount_minor"], code))
            for line in body["lines"]
        ),
        total=Money(sign * body["total_minor"], code),
    )


def _title(line: Mapping[str, Any], language: str) -> str:
    item, name = line["item_name"][language], line["name"][language]
    return item if item == name else f"{item} · {name}"


def _line(
    told: ExplainedLine, line: Mapping[str, Any], code: Currency, language: str
) -> InvoiceLineView:
    return InvoiceLineView(
        line_id=told.key,
        description=told.title,
        amount=Money(told.amount_minor, code),
        quantity=None if line["quantity"] is None else Decimal(line["quantity"]),
        unit=None if line["unit"] is None else line["unit"][language],
        period=(date.fromisoformat(told.first_day), date.fromisoformat(told.last_day)),
        explanation=tuple(step.text for step in told.steps),
        discounts=tuple(
            AppliedView(d["name"][language], d["code"], Money(d["amount_minor"], code))
            for d in line.get("discounts", ())
            if d["amount_minor"]
        ),
    )


def _events_url(line: Mapping[str, Any], url: str) -> str | None:
    """Return where the events behind a line are listed; None where none are."""
    measured = any(step["step"] == "measured" for step in line["steps"])
    return f"{url}/events?line={quote(line['key'], safe='')}" if measured else None


def _plain(inputs: Mapping[str, Any], sha256: str, language: str) -> tuple[tuple[str, str], ...]:
    """Return the manifest's plain members that have a name for readers, and the bytes' digest."""
    named = {**inputs, "sha256": sha256}
    return tuple(
        (translate(language, MANIFEST[name]), str(value))
        for name, value in named.items()
        if name in MANIFEST and isinstance(value, str | int)
    )
