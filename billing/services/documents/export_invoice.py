"""An invoice as a file."""

import asyncio
from dataclasses import dataclass, field

from billing.documents.content import read_document
from billing.documents.exporting import DocumentForm, ExportedFile, Exporter, Frozen
from billing.domain.records import StoredInvoice
from billing.repositories.invoices import InvoiceRepository
from control_plane.kernel.calendar import local_date
from control_plane.kernel.ids import InvoiceId, TenantId, format_id
from control_plane.runtime.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class ExportInvoice:
    """An invoice as PDF, HTML, CSV, UBL, CII or a hybrid, from its frozen body alone.

    ``public_url`` is where people reach the portal; without it no page to pay on is named.
    """

    work: UnitOfWork
    exporter: Exporter = field(default_factory=Exporter)
    public_url: str = ""

    async def __call__(
        self,
        *,
        tenant_id: TenantId,
        invoice_id: InvoiceId,
        form: DocumentForm,
        language: str = "en",
    ) -> ExportedFile:
        """Return the file; written in a thread, so that other requests go on.

        Raises:
            InvoiceNotFound: the tenant has none of that id.
            EInvoiceImpossible: an e-invoice is asked for, and the document lacks something.
        """
        async with self.work(tenant_id) as session:
            stored = await InvoiceRepository(session).get(invoice_id)
        frozen = self.frozen(stored)
        return await asyncio.to_thread(self.exporter.export, frozen, form, language)

    def frozen(self, stored: StoredInvoice) -> Frozen:
        """Read a stored invoice; beside its content stand only where to pay, and that it is."""
        summary, document = stored.summary, read_document(stored.content)
        paid_at = summary.paid_at
        page = f"/portal/invoices/{format_id('inv', summary.id)}"
        return Frozen(
            document=document,
            sha256=stored.body_sha256,
            pay_url=f"{self.public_url}{page}" if self.public_url else "",
            paid_on=None if paid_at is None else local_date(paid_at, document.zone),
        )
