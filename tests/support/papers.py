"""Documents drawn from bodies, and read back from paper."""

import io
from pathlib import Path
from typing import Any

from pypdf import PdfReader

from billing.documents.content import read_document
from billing.documents.exporting import DocumentForm, ExportedFile, Exporter, Frozen
from billing.documents.logos import LogoFolder

PAY_URL = "https://tallyard.example/portal/invoices/inv_01m3x7k2v9q4w8e5r6t1y0zabc"
SHA256 = "0123456789abcdef" * 4


def exported(
    body: dict[str, Any],
    form: DocumentForm,
    language: str = "en",
    *,
    logos: Path | None = None,
    **beside: Any,
) -> ExportedFile:
    """A body in some form, payable at `PAY_URL` unless told otherwise."""
    frozen = Frozen(read_document(body), SHA256, **{"pay_url": PAY_URL, **beside})
    return Exporter(LogoFolder(logos)).export(frozen, form, language)


def drawn(body: dict[str, Any], language: str = "en", **more: Any) -> PdfReader:
    return PdfReader(io.BytesIO(exported(body, DocumentForm.PDF, language, **more).content))


def page_texts(pdf: PdfReader) -> list[str]:
    """What each page says, one blank where the paper has any white."""
    return [" ".join(page.extract_text().split()) for page in pdf.pages]


def paper(body: dict[str, Any], language: str = "en", **more: Any) -> str:
    return " ".join(page_texts(drawn(body, language, **more)))


def compact(text: str) -> str:
    """A text without any white: typesetting puts some between Chinese and digits."""
    return "".join(text.split())
