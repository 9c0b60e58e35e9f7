"""Writes what is issued: documents and their lines, under constraints that let each come once."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.documents.heading import Heading, Kind
from billing.domain.records import InvoiceState, InvoiceSummary, NoteSummary
from billing.models.notes import CREDIT_NOTES
from billing.repositories.notes import NOTE_SUMMARY, note_summary_of
from control_plane.kernel.calendar import local_day_start
from control_plane.kernel.ids import CreditNoteId, InvoiceId, TenantId
from control_plane.kernel.money import Money
from control_plane.runtime.writes import Write, run

# One lock for all series of an entity: whoever draws of several takes them in any order.
DRAW = text(
    """
    WITH held AS MATERIALIZED (
        SELECT pg_advisory_xact_lock(hashtextextended('numbers:' || :entity, 0)) AS it)
    INSERT INTO invoice_numbers (entity, series, year, last)
    SELECT :entity, :series, :year, 1 FROM held
    ON CONFLICT (entity, series, year) DO UPDATE SET last = invoice_numbers.last + 1 RETURNING last
    """
)
_ADD_INVOICE = text(
    """
    INSERT INTO invoices (tenant_id, id, number, entity, year, place, currency, due_at, part, dated,
        payable_by, subtotal_minor, discount_minor, net_minor, tax_minor, total_minor,
        applied_minor, due_minor, paid_minor, credited_minor, purchase_order, body, body_sha256,
        manifest, state, issued_at, paid_at, overdue_at)
    VALUES (:tenant_id, :id, :number, :entity, :year, :place, :currency, :due_at, :part, :dated,
        :payable_by, :subtotal_minor, :discount_minor, :net_minor, :tax_minor, :total_minor,
        :applied_minor, :due_minor, 0, 0, :purchase_order, :body, :body_sha256,
        :manifest, :state, :issued_at, :paid_at, :overdue_at)
    """
)
_LINE = """
    id uuid, position integer, line_key text, item_key text, revision integer, kind text,
    subscription_id uuid, charge_code text, due_at timestamptz, service_start timestamptz,
    service_end timestamptz, amount_minor bigint, discount_minor bigint, net_minor bigint,
    tax_minor bigint, tax_category text, tax_rate numeric, cutoff text, since text"""
_NAMES = ", ".join(column.split()[0] for column in _LINE.split(","))
_ADD_LINES = text(
    f"""
    INSERT INTO invoice_lines
        (tenant_id, invoice_id, {_NAMES}, version_id, tax_inclusive, first_day, last_day, item)
    SELECT :tenant_id, :document_id, l.* FROM jsonb_to_recordset(CAST(:lines AS jsonb)) AS l
        ({_LINE}, version_id uuid, tax_inclusive boolean, first_day date, last_day date, item text)
    """  # noqa: S608 - built from our own names
)
_ADD_NOTE_LINES = text(
    f"""
    INSERT INTO credit_note_lines (tenant_id, note_id, {_NAMES}, invoice_line_id)
    SELECT :tenant_id, :document_id, l.*, o.id
    FROM jsonb_to_recordset(CAST(:lines AS jsonb)) AS l ({_LINE}),
        LATERAL (SELECT i.id FROM jsonb_array_elements(CAST(:lines AS jsonb)) AS said
            JOIN invoice_lines i ON i.tenant_id = :tenant_id
                AND i.line_key = said ->> 'corrects'
            WHERE said ->> 'line_key' = l.line_key) AS o
    """  # noqa: S608 - built from our own names
)


@dataclass(frozen=True, slots=True)
class Frozen:
    """A document's bytes."""

    body: bytes
    sha256: str
    manifest: bytes


@dataclass(frozen=True, slots=True)
class Sums:
    """A document's amounts."""

    subtotal: Money
    discount: Money
    net: Money
    tax: Money
    total: Money


@dataclass(frozen=True, slots=True)
class IssuedRepository:
    """Writes documents of the session's tenant."""

    session: AsyncSession

    async def draw_place(self, entity: str, series: Kind, year: int) -> int:
        """Draw the next number of a legal entity's year, in a series of its own per kind.

        Nobody else draws of the entity before this transaction ends, and a rollback gives the
        number back: draw last, just before the commit.
        """
        bound = {"entity": entity, "series": series.value, "year": year}
        return int((await run(self.session, DRAW, bound)).scalar_one())

    async def add_note_lines(
        self, tenant_id: TenantId, note_id: CreditNoteId, lines: Sequence[dict[str, Any]]
    ) -> None:
        """Keep a note's lines; ``corrects`` names the invoiced line that each takes back of."""
        bound = {"tenant_id": tenant_id, "document_id": note_id, "lines": json.dumps(lines)}
        await self.session.execute(_ADD_NOTE_LINES, bound)

    async def add_note(
        self,
        note_id: CreditNoteId,
        invoice_id: InvoiceId,
        heading: Heading,
        entity: str,
        place: int,
        sums: Sums,
        lowered: Money,
        frozen: Frozen,
        issued_at: datetime,
    ) -> NoteSummary:
        """Keep a credit note. What did not lower its invoice is carried."""
        added = await self.session.execute(
            CREDIT_NOTES.insert().returning(*NOTE_SUMMARY),
            {
                **_columns(heading, entity, place, sums, frozen, issued_at),
                "id": note_id,
                "invoice_id": invoice_id,
                "reason": heading.reason,
                "lowered_minor": lowered.minor,
                "carried_minor": (sums.total - lowered).minor,
            },
        )
        return note_summary_of(added.one())

    async def note_parts_at(
        self, tenant_id: TenantId, invoice_id: InvoiceId, due_at: datetime
    ) -> int:
        """Return how many notes of one instant an invoice has."""
        notes = CREDIT_NOTES.c
        found = await self.session.scalars(
            select(notes.part)
            .where(notes.tenant_id == tenant_id, notes.invoice_id == invoice_id)
            .where(notes.due_at == due_at)
        )
        return len(found.all())


def lines_write(
    tenant_id: TenantId, invoice_id: InvoiceId, lines: Sequence[dict[str, Any]]
) -> Write:
    """Keep an invoice's lines. A key that was used before violates its unique constraint."""
    bound = {"tenant_id": tenant_id, "document_id": invoice_id, "lines": json.dumps(lines)}
    return Write(_ADD_LINES, bound)


def invoice_write(
    invoice: InvoiceSummary, heading: Heading, place: int, sums: Sums, frozen: Frozen
) -> Write:
    """Keep an invoice, as it is `fresh`."""
    next_day = heading.payable_by + timedelta(days=1)
    return Write(
        _ADD_INVOICE,
        {
            **_columns(heading, invoice.entity, place, sums, frozen, invoice.issued_at),
            "id": invoice.id,
            "payable_by": invoice.payable_by,
            "applied_minor": invoice.applied.minor,
            "due_minor": invoice.due.minor,
            "purchase_order": invoice.purchase_order,
            "state": invoice.state.value,
            "paid_at": invoice.paid_at,
            "overdue_at": local_day_start(next_day, heading.zone),
        },
    )


def fresh(
    invoice_id: InvoiceId,
    heading: Heading,
    entity: str,
    sums: Sums,
    applied: Money,
    issued_at: datetime,
) -> InvoiceSummary:
    """Return an invoice just issued; one on which nothing is due is paid from the start."""
    due, nothing = sums.total - applied, Money.zero(heading.currency)
    return InvoiceSummary(
        tenant_id=heading.tenant_id,
        id=invoice_id,
        number=heading.number,
        entity=entity,
        due_at=heading.due_at,
        dated=heading.dated,
        payable_by=heading.payable_by,
        subtotal=sums.subtotal,
        discount=sums.discount,
        net=sums.net,
        tax=sums.tax,
        total=sums.total,
        applied=applied,
        due=due,
        paid=nothing,
        credited=nothing,
        state=InvoiceState.ISSUED if due.minor else InvoiceState.PAID,
        issued_at=issued_at,
        paid_at=None if due.minor else issued_at,
        ended_at=None,
        end_reason=None,
        purchase_order=heading.purchase_order,
    )


def _columns(
    heading: Heading, entity: str, place: int, sums: Sums, frozen: Frozen, issued_at: datetime
) -> dict[str, Any]:
    return {
        "tenant_id": heading.tenant_id,
        "number": heading.number,
        "entity": entity,
        "year": heading.dated.year,
        "place": place,
        "currency": heading.currency.code,
        "due_at": heading.due_at,
        "part": heading.part,
        "dated": heading.dated,
        "subtotal_minor": sums.subtotal.minor,
        "discount_minor": sums.discount.minor,
        "net_minor": sums.net.minor,
        "tax_minor": sums.tax.minor,
        "total_minor": sums.total.minor,
        "body": frozen.body,
        "body_sha256": frozen.sha256,
        "manifest": frozen.manifest,
        "issued_at": issued_at,
    }
