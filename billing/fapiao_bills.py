"""Reads what fapiao are made of: issued invoices with the credit notes that took from them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.fapiao.composing import Bill, Credited, Note
from billing.errors import InvoiceNotFound
from billing.models import INVOICE_LINES, INVOICES
from billing.models.notes import CREDIT_NOTE_LINES, CREDIT_NOTES
from control_plane.kernel.ids import InvoiceId, TenantId, format_id


@dataclass(frozen=True, slots=True)
class IssuedBill:
    """An invoice's id and legal entity, and what a fapiao could be made of."""

    invoice_id: InvoiceId
    entity: str
    state: str
    bill: Bill

    @property
    def number(self) -> str:
        """The invoice's number."""
        return self.bill.number

    @property
    def notes(self) -> tuple[str, ...]:
        """The numbers of its credit notes."""
        return tuple(note.number for note in self.bill.notes)

    @property
    def seller(self) -> dict[str, Any]:
        """Who issued it, as frozen."""
        return dict(self.bill.body["seller"])


async def read_bills(
    session: AsyncSession, tenant_id: TenantId, ids: Sequence[InvoiceId], *, lock: bool = False
) -> list[IssuedBill]:
    """Return invoices in the order of ``ids``; locked, no credit note comes in between.

    Raises:
        InvoiceNotFound: the tenant has none of an id.
    """
    query = select(INVOICES.c.id, INVOICES.c.entity, INVOICES.c.state, INVOICES.c.body).where(
        INVOICES.c.tenant_id == tenant_id, INVOICES.c.id.in_(list(ids))
    )
    query = query.order_by(INVOICES.c.id)  # one order, so that two requests cannot deadlock
    rows = (await session.execute(query.with_for_update() if lock else query)).all()
    found = {InvoiceId(row.id): row for row in rows}
    missing = [wanted for wanted in ids if wanted not in found]
    if missing:
        raise InvoiceNotFound(invoice_id=format_id("inv", missing[0]))
    notes = await _notes(session, tenant_id, ids)
    return [
        IssuedBill(
            wanted,
            found[wanted].entity,
            found[wanted].state,
            Bill(json.loads(found[wanted].body), notes.get(wanted, ())),
        )
        for wanted in ids
    ]


async def _notes(
    session: AsyncSession, tenant_id: TenantId, ids: Sequence[InvoiceId]
) -> dict[InvoiceId, tuple[Note, ...]]:
    lines, notes = CREDIT_NOTE_LINES.c, CREDIT_NOTES.c
    rows = await session.execute(
        select(
            notes.invoice_id,
            notes.number,
            INVOICE_LINES.c.line_key,
            lines.net_minor,
            lines.tax_minor,
        )
        .join(CREDIT_NOTES, (notes.tenant_id == lines.tenant_id) & (notes.id == lines.note_id))
        .join(
            INVOICE_LINES,
            (INVOICE_LINES.c.tenant_id == lines.tenant_id)
            & (INVOICE_LINES.c.id == lines.invoice_line_id),
        )
        .where(notes.tenant_id == tenant_id, notes.invoice_id.in_(list(ids)))
        .order_by(notes.issued_at, notes.number, lines.position)
    )
    found: dict[InvoiceId, dict[str, list[Credited]]] = {}
    for row in rows:
        credited = Credited(row.line_key, row.net_minor, row.tax_minor)
        by_number = found.setdefault(InvoiceId(row.invoice_id), {})
        by_number.setdefault(row.number, []).append(credited)
    return {
        invoice_id: tuple(Note(number, tuple(entries)) for number, entries in by_number.items())
        for invoice_id, by_number in found.items()
    }
