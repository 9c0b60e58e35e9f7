"""The lines of many invoices as one CSV file."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from billing.documents.content import read_document
from billing.documents.lines_csv import lines_csv
from billing.repositories.invoices import InvoiceFilter, InvoiceRepository
from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import UnitOfWork

_PAGE = 100


@dataclass(frozen=True, slots=True)
class ExportLines:
    """Every line of the tenant's invoices that a filter lets through, the newest invoice first."""

    work: UnitOfWork

    async def __call__(
        self, tenant_id: TenantId, wanted: InvoiceFilter, language: str = "en"
    ) -> AsyncIterator[bytes]:
        """Yield the file piece by piece: its heading, then a page of invoices at a time."""
        [heading] = lines_csv([], language)
        yield heading
        wanted = replace(wanted, tenant_id=tenant_id, limit=_PAGE)
        while True:
            async with self.work(tenant_id) as session:
                invoices = InvoiceRepository(session)
                page = await invoices.list(wanted)
                bodies = [(await invoices.get(summary.id)).content for summary in page]
            pieces = lines_csv(map(read_document, bodies), language)
            next(pieces)  # the heading was written above
            for piece in pieces:
                yield piece
            if len(page) < _PAGE:
                return
            wanted = replace(wanted, before=(page[-1].dated, page[-1].number))
