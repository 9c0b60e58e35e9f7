"""Invoices as files."""

from functools import cached_property

from billing.documents.exporting import Exporter
from billing.documents.logos import LogoFolder
from billing.services.discounts.export_receipt import ExportReceipt
from billing.services.documents.export_credit_note import ExportCreditNote
from billing.services.documents.export_invoice import ExportInvoice
from billing.services.documents.export_lines import ExportLines
from billing.services.documents.find_document import FindDocument
from billing.services.render_invoice_pdf import RenderInvoicePdf
from web.parts.revenue import RevenuePart


class DocumentsPart(RevenuePart):
    """Use cases: invoices as files."""

    @cached_property
    def exporter(self) -> Exporter:
        return Exporter(LogoFolder(self.settings.documents_dir))

    @cached_property
    def export_invoice(self) -> ExportInvoice:
        return ExportInvoice(self.work, self.exporter, self.settings.public_url)

    @cached_property
    def export_credit_note(self) -> ExportCreditNote:
        return ExportCreditNote(self.work, self.exporter)

    @cached_property
    def export_receipt(self) -> ExportReceipt:
        return ExportReceipt(self.work, self.exporter)

    @cached_property
    def export_lines(self) -> ExportLines:
        return ExportLines(self.work)

    @cached_property
    def find_document(self) -> FindDocument:
        return FindDocument(self.staff)

    @cached_property
    def render_invoice_pdf(self) -> RenderInvoicePdf:
        return RenderInvoicePdf(self.work, self.exporter, self.settings.public_url)
