"""Credit notes: read."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.records import NoteSummary, StoredNote
from billing.errors_documents import (
    CreditNoteNotFound,
)
from billing.models.notes import CREDIT_NOTES
from billing.repositories.invoices import InvoiceFilter
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import CreditNoteId, InvoiceId, TenantId, format_id
from control_plane.kernel.money import Money

NOTE_SUMMARY = [column for column in CREDIT_NOTES.c if column.name not in {"body", "manifest"}]


@dataclass(frozen=True, slots=True)
class NoteRepository:
    """The credit notes of the session's tenant (of all tenants, in a staff session)."""

    session: AsyncSession

    async def get(self, note_id: CreditNoteId) -> StoredNote:
        """Return a credit note with its frozen bytes.

        Raises:
            CreditNoteNotFound: the tenant has none of that id.
        """
        query = select(CREDIT_NOTES).where(CREDIT_NOTES.c.id == note_id)
        row = (await self.session.execute(query)).one_or_none()
        if row is None:
            raise CreditNoteNotFound(note_id=format_id("crn", note_id))
        return _stored(row)

    async def of_invoice(self, tenant_id: TenantId, invoice_id: InvoiceId) -> list[NoteSummary]:
        """Return an invoice's notes, the first one first."""
        found = await self.session.execute(
            select(*NOTE_SUMMARY)
            .where(CREDIT_NOTES.c.tenant_id == tenant_id)
            .where(CREDIT_NOTES.c.invoice_id == invoice_id)
            .order_by(CREDIT_NOTES.c.id)
        )
        return [note_summary_of(row) for row in found]

    async def stored_of(
        self, tenant_id: TenantId, invoices: Sequence[InvoiceId]
    ) -> dict[InvoiceId, list[StoredNote]]:
        """Return the notes of some invoices with their bytes, the first one first."""
        rows = await self.session.execute(
            select(CREDIT_NOTES)
            .where(CREDIT_NOTES.c.tenant_id == tenant_id)
            .where(CREDIT_NOTES.c.invoice_id.in_(invoices))
            .order_by(CREDIT_NOTES.c.id)
        )
        found: defaultdict[InvoiceId, list[StoredNote]] = defaultdict(list)
        for row in rows:
            found[InvoiceId(row.invoice_id)].append(_stored(row))
        return dict(found)

    async def list(self, wanted: InvoiceFilter) -> list[NoteSummary]:
        """Return credit notes, the latest first; what a filter says of states is not asked."""
        query = select(*NOTE_SUMMARY)
        conditions = {
            CREDIT_NOTES.c.tenant_id: wanted.tenant_id,
            CREDIT_NOTES.c.currency: wanted.currency,
            CREDIT_NOTES.c.number: wanted.number,
        }
        for column, value in conditions.items():
            if value is not None:
                query = query.where(column == value)
        if wanted.dated_from is not None:
            query = query.where(CREDIT_NOTES.c.dated >= wanted.dated_from)
        if wanted.dated_to is not None:
            query = query.where(CREDIT_NOTES.c.dated <= wanted.dated_to)
        if wanted.before is not None:
            mark = func.row(*wanted.before)
            query = query.where(func.row(CREDIT_NOTES.c.dated, CREDIT_NOTES.c.number) < mark)
        order = (CREDIT_NOTES.c.dated.desc(), CREDIT_NOTES.c.number.desc())
        return _all(await self.session.execute(query.order_by(*order).limit(wanted.limit)))


def _all(rows: Iterable[Row[Any]]) -> list[NoteSummary]:
    return [note_summary_of(row) for row in rows]


def _stored(row: Row[Any]) -> StoredNote:
    return StoredNote(note_summary_of(row), row.body, row.body_sha256, row.manifest)


def note_summary_of(row: Row[Any]) -> NoteSummary:
    """Read a credit note's row, without its bytes."""
    code = currency(row.currency)

    def money(minor: int) -> Money:
        return Money(minor, code)

    return NoteSummary(
        tenant_id=TenantId(row.tenant_id),
        id=CreditNoteId(row.id),
        number=row.number,
        invoice_id=InvoiceId(row.invoice_id),
        due_at=row.due_at.astimezone(UTC),
        dated=row.dated,
        reason=row.reason,
        subtotal=money(row.subtotal_minor),
        discount=money(row.discount_minor),
        net=money(row.net_minor),
        tax=money(row.tax_minor),
        total=money(row.total_minor),
        lowered=money(row.lowered_minor),
        carried=money(row.carried_minor),
        issued_at=row.issued_at.astimezone(UTC),
    )
