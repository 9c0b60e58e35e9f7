"""Draw an invoice as PDF."""

import asyncio
from dataclasses import dataclass

from billing.documents.invoice_pdf import render_pdf
from billing.repositories.invoices import InvoiceRepository
from control_plane.kernel.ids import InvoiceId, TenantId
from control_plane.runtime.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class RenderInvoicePdf:
    """An invoice as PDF/A on A4, in English or Simplified Chinese."""

    work: UnitOfWork

    async def __call__(
        self, *, tenant_id: TenantId, invoice_id: InvoiceId, language: str = "en"
    ) -> bytes:
        """Return the file; drawn in a thread, so that other requests go on.

        Raises:
            InvoiceNotFound: the tenant has none of that id.
        """
        async with self.work(tenant_id) as session:
            stored = await InvoiceRepository(session).get(invoice_id)
        return await asyncio.to_thread(render_pdf, stored, language)
