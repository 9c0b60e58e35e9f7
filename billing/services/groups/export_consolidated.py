"""A consolidated invoice as a file."""

import asyncio
from dataclasses import dataclass, field

from billing.documents.content import read_document
from billing.documents.exporting import DocumentForm, ExportedFile, Exporter, Statement
from billing.documents.sheet import Beside
from billing.documents.statement import Since
from billing.domain.groups.records import ConsolidatedDetail
from billing.domain.records import PaymentState
from billing.services.groups.read_group import ListGroupInvoices
from control_plane.kernel.ids import ConsolidatedInvoiceId, TenantId, format_id

FORMS = (DocumentForm.PDF, DocumentForm.HTML, DocumentForm.CSV)
"""E-invoices are the invoices in it: they are the tax documents."""


@dataclass(frozen=True, slots=True)
class ExportConsolidated:
    """A consolidated invoice as PDF or HTML, or every line of its invoices as CSV."""

    read: ListGroupInvoices
    exporter: Exporter = field(default_factory=Exporter)
    public_url: str = ""

    async def __call__(
        self,
        *,
        tenant_id: TenantId,
        consolidated_id: ConsolidatedInvoiceId,
        form: DocumentForm,
        language: str = "en",
    ) -> ExportedFile:
        """Return the file; written in a thread, so that other requests go on.

        Raises:
            ConsolidatedInvoiceNotFound: the tenant has none of that id.
            KeyError: the form is none of `FORMS`.
        """
        found = await self.read.one(tenant_id, consolidated_id)
        return await asyncio.to_thread(
            self.exporter.export_statement, self._statement(found), form, language
        )

    def _statement(self, found: ConsolidatedDetail) -> Statement:
        made = found.made
        page = f"/portal/group/invoices/{format_id('cin', made.id)}"
        paid = [p for p in found.payments if p.state is PaymentState.SUCCEEDED]
        return Statement(
            body=made.content,
            since=Since(
                lowered=[(note.number, note.lowered) for note in found.notes if note.lowered.minor],
                paid=[(p.reference or format_id("pay", p.id), p.amount) for p in paid],
                open=made.open,
            ),
            beside=Beside(
                sha256=made.body_sha256,
                pay_url=f"{self.public_url}{page}" if self.public_url else "",
            ),
            invoices=tuple(read_document(invoice.content) for invoice in found.invoices),
        )
