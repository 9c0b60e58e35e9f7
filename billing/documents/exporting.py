"""One document in every form it can be had in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from billing.documents.content import Document
from billing.documents.einvoice.build import einvoice
from billing.documents.einvoice.cii import cii
from billing.documents.einvoice.ubl import ubl
from billing.documents.html import render_html
from billing.documents.hybrid import attachment, declare
from billing.documents.invoice_pdf import render_pdf
from billing.documents.lines_csv import lines_csv
from billing.documents.logos import Logo, LogoFolder
from billing.documents.parties import Body
from billing.documents.receipt import receipt_document, receipt_sheet
from billing.documents.sheet import Beside, Sheet, SheetWriter
from billing.documents.statement import Since, statement_document, statement_sheet


class DocumentForm(StrEnum):
    """What a document can be had as."""

    PDF = "pdf"
    HTML = "html"
    CSV = "csv"
    UBL = "ubl"
    CII = "cii"
    FACTURX = "facturx"


SUFFIXES: Mapping[DocumentForm, str] = {
    DocumentForm.PDF: ".pdf",
    DocumentForm.HTML: ".html",
    DocumentForm.CSV: ".csv",
    DocumentForm.UBL: ".ubl.xml",
    DocumentForm.CII: ".cii.xml",
    DocumentForm.FACTURX: ".facturx.pdf",
}
MEDIA_TYPES: Mapping[DocumentForm, str] = {
    DocumentForm.PDF: "application/pdf",
    DocumentForm.HTML: "text/html; charset=utf-8",
    DocumentForm.CSV: "text/csv; charset=utf-8",
    DocumentForm.UBL: "application/xml",
    DocumentForm.CII: "application/xml",
    DocumentForm.FACTURX: "application/pdf",
}


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """A file to be handed over, with a name of plain ASCII."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Frozen:
    """A document to be exported, and what stands beside it on paper."""

    document: Document
    sha256: str
    pay_url: str = ""
    paid_on: date | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """A consolidated invoice to be exported: its frozen body, and the invoices in it."""

    body: Body
    since: Since
    beside: Beside
    invoices: tuple[Document, ...]


@dataclass(frozen=True, slots=True)
class Exporter:
    """Writes documents out; ``logos`` is where the vendor keeps its pictures."""

    logos: LogoFolder = field(default_factory=LogoFolder)

    def export(self, frozen: Frozen, form: DocumentForm, language: str) -> ExportedFile:
        """Write a document in one form, in ``en`` or any Chinese where it is for people.

        Raises:
            EInvoiceImpossible: an e-invoice is asked for, and the document lacks something.
            LogoUnusable: the seller's logo is too large.
        """
        writers: Mapping[DocumentForm, Callable[[Frozen, str], bytes]] = {
            DocumentForm.PDF: self._pdf,
            DocumentForm.HTML: self._html,
            DocumentForm.CSV: _csv,
            DocumentForm.UBL: _ubl,
            DocumentForm.CII: _cii,
            DocumentForm.FACTURX: self._facturx,
        }
        content = writers[form](frozen, language)
        return ExportedFile(file_name(frozen.document.number, form), MEDIA_TYPES[form], content)

    def export_statement(
        self, statement: Statement, form: DocumentForm, language: str
    ) -> ExportedFile:
        """Write a consolidated invoice as PDF or HTML, or the lines of its invoices as CSV.

        Raises:
            KeyError: another form is asked for.
            LogoUnusable: the seller's logo is too large.
        """
        document = statement_document(statement.body)
        logo = self.logos.logo(document.seller.reference)
        beside = replace(statement.beside, logo="" if logo is None else logo.name)
        sheet = statement_sheet(statement.body, statement.since, beside, language)
        writers: Mapping[DocumentForm, Callable[[], bytes]] = {
            DocumentForm.PDF: lambda: render_pdf(document, sheet, logo=logo),
            DocumentForm.HTML: lambda: render_html(sheet, logo),
            DocumentForm.CSV: lambda: b"".join(lines_csv(statement.invoices, language)),
        }
        content = writers[form]()
        return ExportedFile(file_name(document.number, form), MEDIA_TYPES[form], content)

    def export_receipt(self, body: Body, sha256: str, language: str) -> ExportedFile:
        """Write a top-up's receipt, or prepayment invoice, as PDF.

        Raises:
            LogoUnusable: the seller's logo is too large.
        """
        document = receipt_document(body)
        logo = self.logos.logo(document.seller.reference)
        beside = Beside(sha256=sha256, logo="" if logo is None else logo.name)
        drawn = render_pdf(document, receipt_sheet(body, beside, language), logo=logo)
        name = file_name(document.number, DocumentForm.PDF)
        return ExportedFile(name, MEDIA_TYPES[DocumentForm.PDF], drawn)

    def _pdf(self, frozen: Frozen, language: str) -> bytes:
        sheet, logo = self._sheet(frozen, language)
        return render_pdf(frozen.document, sheet, logo=logo)

    def _html(self, frozen: Frozen, language: str) -> bytes:
        sheet, logo = self._sheet(frozen, language)
        return render_html(sheet, logo)

    def _facturx(self, frozen: Frozen, language: str) -> bytes:
        """Write a hybrid. Its pages show what the XML says, and so no later payment."""
        xml = cii(einvoice(frozen.document))
        sheet, logo = self._sheet(replace(frozen, paid_on=None), language)
        drawn = render_pdf(frozen.document, sheet, logo=logo, attached=attachment(xml))
        return declare(drawn)

    def _sheet(self, frozen: Frozen, language: str) -> tuple[Sheet, Logo | None]:
        logo = self.logos.logo(frozen.document.seller.reference)
        beside = Beside(
            sha256=frozen.sha256,
            pay_url=frozen.pay_url,
            paid_on=frozen.paid_on,
            logo="" if logo is None else logo.name,
        )
        return SheetWriter(language).write(frozen.document, beside), logo


def file_name(number: str, form: DocumentForm) -> str:
    """Name a file by its document: ``TY-2026-000042.ubl.xml``."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "-" for c in number)
    return plain + SUFFIXES[form]


def _csv(frozen: Frozen, language: str) -> bytes:
    return b"".join(lines_csv([frozen.document], language))


def _ubl(frozen: Frozen, language: str) -> bytes:
    del language  # an e-invoice is for programs
    return ubl(einvoice(frozen.document))


def _cii(frozen: Frozen, language: str) -> bytes:
    del language  # an e-invoice is for programs
    return cii(einvoice(frozen.document))
