"""Write invoices as CSV, for finance."""

import csv
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from billing.repositories.invoices import InvoiceFilter
from billing.services.list_all_invoices import CustomerInvoice, ListAllInvoices
from billing.services.list_invoices import EVERYTHING
from control_plane.kernel.calendar import instant_text
from control_plane.kernel.ids import format_id

COLUMNS = (
    "number",
    "date",
    "payable_by",
    "customer",
    "tenant_id",
    "currency",
    "total",
    "open",
    "state",
    "due_at",
    "paid_at",
    "invoice_id",
)
_PAGE = 1000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class InvoicesCsv:
    """Every invoice that a filter lets through, as CSV in UTF-8 (RFC 4180), amounts in major units.

    Cells that a spreadsheet would run as a formula are written as text.
    """

    list_all: ListAllInvoices

    async def __call__(self, wanted: InvoiceFilter = EVERYTHING) -> AsyncIterator[bytes]:
        """Yield the file piece by piece: its heading, then a page of invoices at a time."""
        yield _rows([COLUMNS])
        wanted = replace(wanted, limit=_PAGE)
        while page := await self.list_all(wanted):
            yield _rows([_cells(entry) for entry in page])
            last = page[-1].invoice
            wanted = replace(wanted, before=(last.dated, last.number))


def _cells(entry: CustomerInvoice) -> tuple[str, ...]:
    invoice = entry.invoice
    return (
        invoice.number,
        invoice.dated.isoformat(),
        invoice.payable_by.isoformat(),
        f"'{entry.customer}" if entry.customer.startswith(_FORMULA) else entry.customer,
        format_id("ten", invoice.tenant_id),
        invoice.total.currency.code,
        invoice.total.decimal_text(),
        invoice.open.decimal_text(),
        invoice.state.value,
        instant_text(invoice.due_at),
        "" if invoice.paid_at is None else instant_text(invoice.paid_at),
        format_id("inv", invoice.id),
    )


def _rows(rows: list[tuple[str, ...]]) -> bytes:
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    return written.getvalue().encode()
