"""What a preview shows, and what a change made: amounts as decimal texts of one currency."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import msgspec

from billing.changing import Changed
from billing.domain.life.projecting import PlanProjection, Projection
from billing.domain.records import InvoiceSummary
from billing.services.subscriptions.preview_change import ChangePreview, Standing
from control_plane.kernel.currency import Currency
from control_plane.kernel.ids import format_id
from control_plane.kernel.money import Money
from control_plane.subscriptions.domain import BookAddon, ChangeBooking
from web.api.catalog import Name


class DocumentLine(msgspec.Struct):
    """A line of an invoice or a credit note. ``net`` is after discounts and without tax."""

    kind: str
    item: str
    item_name: Name
    charge: str
    name: Name
    service_start: datetime
    service_end: datetime
    first_day: date
    last_day: date
    quantity: str | None
    unit: Name | None
    amount: str
    net: str
    tax_rate: str
    steps: list[Mapping[str, Any]]


class DocumentTax(msgspec.Struct):
    """The tax of all lines of one rate."""

    category: str
    rate: str
    base: str
    tax: str


class DocumentView(msgspec.Struct):
    """A document as it would be issued, without its number.

    ``corrects`` is the number of the invoice that a credit note is of. ``applied`` is what
    balances settle of an invoice, ``due`` what is then to be paid.
    """

    lines: list[DocumentLine]
    taxes: list[DocumentTax]
    discount: str
    net: str
    tax: str
    total: str
    applied: str
    due: str
    corrects: str | None


class StandingView(msgspec.Struct):
    """How the subscription stands; ``fee`` recurs every ``count`` intervals, before tax."""

    plan: str
    name: Name
    interval: str
    count: int
    quantities: dict[str, int]
    fee: str
    paused: bool
    trial: bool
    ends_at: datetime | None


class ProjectedPlan(msgspec.Struct):
    """What a plan is expected to cost per period, before tax, usage included."""

    plan: str
    total: str
    usage: str


class ProjectionView(msgspec.Struct):
    """Both plans over the same last closed periods, and their number."""

    periods: int
    before: ProjectedPlan
    after: ProjectedPlan
    difference: str


class UpcomingView(msgspec.Struct):
    """The next invoice after the change, tax included, by the usage there is so far."""

    due_at: datetime
    total: str


class PreviewView(msgspec.Struct):
    """What confirming would do. ``token`` confirms exactly this for fifteen minutes.

    ``timing`` is ``at_once``, ``at_period_end`` or ``on_date``. ``lines`` are those of all
    invoices, ``total`` their sum with tax, ``due`` what is to be paid of it, ``credited`` what
    credit notes give back.
    """

    timing: str
    effective_at: datetime
    currency: str
    before: StandingView | None
    after: StandingView
    lines: list[DocumentLine]
    invoices: list[DocumentView]
    credit_notes: list[DocumentView]
    net: str
    tax: str
    total: str
    applied: str
    due: str
    credited: str
    carried: str
    projection: ProjectionView | None
    upcoming: UpcomingView | None
    window_start: datetime | None
    window_end: datetime | None
    token: str


class ChangedInvoice(msgspec.Struct):
    """An invoice that a change caused, with its total."""

    invoice_id: str
    invoice_number: str
    total: str


class ChangedView(msgspec.Struct):
    """A change that was made, and the documents it caused, if any.

    ``invoices`` are all of them: usage that corrects a closed period has one of its own. Together
    they come to the preview's ``total``. ``invoice_id``, ``invoice_number`` and ``total`` are those
    of the first.
    """

    subscription_id: str
    effective_at: datetime
    invoice_id: str | None
    invoice_number: str | None
    total: str | None
    invoices: list[ChangedInvoice]
    credit_notes: list[str]


def changed_view(changed: Changed) -> ChangedView:
    """Show a change."""
    invoices = [_caused(invoice) for invoice in changed.invoices]
    first = invoices[0] if invoices else None
    return ChangedView(
        subscription_id=format_id("sub", changed.subscription_id),
        effective_at=changed.effective_at,
        invoice_id=first.invoice_id if first else None,
        invoice_number=first.invoice_number if first else None,
        total=first.total if first else None,
        invoices=invoices,
        credit_notes=[note.number for note in changed.notes],
    )


def _caused(invoice: InvoiceSummary) -> ChangedInvoice:
    return ChangedInvoice(
        invoice_id=format_id("inv", invoice.id),
        invoice_number=invoice.number,
        total=invoice.total.decimal_text(),
    )


def preview_view(preview: ChangePreview) -> PreviewView:
    """Show a preview."""
    quote = preview.quote
    invoices = [document_view(body, quote.currency) for body in quote.invoices]
    action = preview.longer.changes[-1].action
    window = action.window if isinstance(action, BookAddon | ChangeBooking) else None
    return PreviewView(
        timing=preview.timing.value,
        effective_at=preview.effective_at,
        currency=quote.currency.code,
        before=None if preview.before is None else standing_view(preview.before),
        after=standing_view(preview.after),
        lines=[line for document in invoices for line in document.lines],
        invoices=invoices,
        credit_notes=[document_view(body, quote.currency) for body in quote.notes],
        net=quote.net.decimal_text(),
        tax=quote.tax.decimal_text(),
        total=quote.total.decimal_text(),
        applied=quote.applied.decimal_text(),
        due=quote.due.decimal_text(),
        credited=quote.credited.decimal_text(),
        carried=quote.carried.decimal_text(),
        projection=None if preview.projection is None else _projection(preview.projection),
        upcoming=_upcoming(preview),
        window_start=None if window is None else window.start,
        window_end=None if window is None else window.end,
        token=preview.token,
    )


def document_view(body: Mapping[str, Any], code: Currency) -> DocumentView:
    """Show a document's body, of an invoice or of a credit note."""

    def amount(minor: int) -> str:
        return Money(minor, code).decimal_text()

    corrects = body["corrects"]
    return DocumentView(
        lines=[_line(line, code) for line in body["lines"]],
        taxes=[
            DocumentTax(t["category"], t["rate"], amount(t["base_minor"]), amount(t["tax_minor"]))
            for t in body["taxes"]
        ],
        discount=amount(body["discount_minor"]),
        net=amount(body["net_minor"]),
        tax=amount(body["tax_minor"]),
        total=amount(body["total_minor"]),
        applied=amount(sum(entry["amount_minor"] for entry in body.get("applied") or [])),
        due=amount(body.get("due_minor", 0)),
        corrects=None if corrects is None else corrects["number"],
    )


def _line(line: Mapping[str, Any], code: Currency) -> DocumentLine:
    unit = line["unit"]
    return DocumentLine(
        kind=line["kind"],
        item=line["item"],
        item_name=Name(**line["item_name"]),
        charge=line["charge"],
        name=Name(**line["name"]),
        service_start=datetime.fromisoformat(line["start"]),
        service_end=datetime.fromisoformat(line["end"]),
        first_day=date.fromisoformat(line["first_day"]),
        last_day=date.fromisoformat(line["last_day"]),
        quantity=line["quantity"],
        unit=None if unit is None else Name(**unit),
        amount=Money(line["amount_minor"], code).decimal_text(),
        net=Money(line["net_minor"], code).decimal_text(),
        tax_rate=line["tax_rate"],
        steps=list(line["steps"]),
    )


def standing_view(standing: Standing) -> StandingView:
    """Show how a subscription stands."""
    return StandingView(
        plan=standing.plan.label,
        name=Name(en=standing.plan.name.en, zh=standing.plan.name.zh),
        interval=standing.interval.value,
        count=standing.count,
        quantities=dict(standing.quantities),
        fee=standing.fee.decimal_text(),
        paused=standing.paused,
        trial=standing.trial,
        ends_at=standing.ends_at,
    )


def _projection(projection: Projection) -> ProjectionView:
    return ProjectionView(
        periods=len(projection.before.periods),
        before=_projected(projection.before),
        after=_projected(projection.after),
        difference=projection.difference.decimal_text(),
    )


def _projected(plan: PlanProjection) -> ProjectedPlan:
    return ProjectedPlan(
        plan=plan.label,
        total=plan.total.decimal_text(),
        usage=plan.usage.decimal_text(),
    )


def _upcoming(preview: ChangePreview) -> UpcomingView | None:
    upcoming = preview.upcoming
    if upcoming is None:
        return None
    return UpcomingView(due_at=upcoming.due_at, total=upcoming.total.decimal_text())
