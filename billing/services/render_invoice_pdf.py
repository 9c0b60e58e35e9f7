"""Draw an invoice as PDF."""

from dataclasses import dataclass, field

from billing.documents.exporting import DocumentForm, Exporter
from billing.services.documents.export_invoice import ExportInvoice
from control_plane.kernel.ids import InvoiceId, TenantId
from control_plane.runtime.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class RenderInvoicePdf:
    """An invoice as PDF/A on A4, in English or Simplified Chinese."""

    work: UnitOfWork
    exporter: Exporter = field(default_factory=Exporter)
    public_url: str = ""

    async def __call__(
        self, *, tenant_id: TenantId, invoice_id: InvoiceId, language: str = "en"
    ) -> bytes:
        """Return the file; drawn in a thread, so that other requests go on.

        Raises:
            InvoiceNotFound: the tenant has none of that id.
        """
        export = ExportInvoice(self.work, self.exporter, self.public_url)
        file = await export(
            tenant_id=tenant_id, invoice_id=invoice_id, form=DocumentForm.PDF, language=language
        )
        return file.content
