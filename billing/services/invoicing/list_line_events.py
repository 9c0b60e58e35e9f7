"""Show the events behind a line of usage, page by page."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from billing.domain.documents.meters import recorded_usage
from billing.errors_documents import (
    LineNotMetered,
)
from billing.repositories.invoices import InvoiceRepository
from billing.repositories.notes import NoteRepository
from control_plane.kernel.ids import CreditNoteId, InvoiceId, TenantId
from control_plane.runtime.unit_of_work import UnitOfWork
from metering.domain.events import EventPage
from metering.ports import UsageStore


@dataclass(frozen=True, slots=True)
class ListLineEvents:
    """Exactly the events that were counted, whatever has arrived since."""

    work: UnitOfWork
    usage: UsageStore

    async def __call__(
        self,
        *,
        tenant_id: TenantId,
        invoice_id: InvoiceId,
        line_key: str,
        after: str | None = None,
        limit: int = 100,
    ) -> EventPage:
        """Return a page of the line's events in order of time; ``after`` goes on.

        Raises:
            InvoiceNotFound: the tenant has none of that id.
            LineNotMetered: the invoice has no such line, or no usage is behind it.
            InvalidPageMark: ``after`` is no mark of a page.
        """
        async with self.work(tenant_id) as session:
            stored = await InvoiceRepository(session).get(invoice_id)
            return await self._page(
                tenant_id, stored.content, stored.inputs, line_key, after, limit
            )

    async def of_note(
        self,
        *,
        tenant_id: TenantId,
        note_id: CreditNoteId,
        line_key: str,
        after: str | None = None,
        limit: int = 100,
    ) -> EventPage:
        """Return a page of the events by which a credit note's line was corrected.

        Raises:
            CreditNoteNotFound: the tenant has none of that id.
            LineNotMetered: the note has no such line, or no usage is behind it.
            InvalidPageMark: ``after`` is no mark of a page.
        """
        async with self.work(tenant_id) as session:
            stored = await NoteRepository(session).get(note_id)
            return await self._page(
                tenant_id, stored.content, stored.inputs, line_key, after, limit
            )

    async def _page(
        self,
        tenant_id: TenantId,
        body: Mapping[str, Any],
        inputs: Mapping[str, Any],
        line_key: str,
        after: str | None,
        limit: int,
    ) -> EventPage:
        line = next((line for line in body["lines"] if line["key"] == line_key), None)
        found = None if line is None else recorded_usage(inputs).get(line.get("item_key", line_key))
        if found is None:
            raise LineNotMetered(line=line_key, field="line")
        return await self.usage.events(
            tenant_id,
            found.meter,
            found.period,
            cutoff=found.cutoff,
            since=found.since,
            after=after,
            limit=limit,
        )
