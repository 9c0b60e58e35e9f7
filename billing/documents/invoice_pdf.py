"""An invoice or credit note as PDF: A4, in English or Chinese, tagged for screen readers."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, time
from functools import cache
from importlib.resources import files

import typst

from billing.documents.content import Document
from billing.documents.fonts import showable, typst_fonts
from billing.documents.logos import Logo
from billing.documents.payment_code import code_svg
from billing.documents.sheet import Sheet


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that travels inside the PDF."""

    name: str
    content: bytes
    description: str


def render_pdf(
    document: Document,
    sheet: Sheet,
    *,
    logo: Logo | None = None,
    attached: Attachment | None = None,
) -> bytes:
    """Draw a document. The same content gives the same bytes.

    It is PDF/A-3a for archives (which includes 3b, and lets a file be attached) and PDF/UA-1 for
    people who cannot see it.

    ``logo`` is the picture that the sheet names.
    """
    sources = pdf_sources(sheet, logo)
    if attached is not None:
        sources["main"] += _attaching(attached)
        sources["attached"] = attached.content
    compiler = typst.Compiler(font_paths=typst_fonts(), ignore_system_fonts=True)
    drawn: bytes = compiler.compile(  # type: ignore[type-var, assignment]  # its stubs lag behind
        sources,
        format="pdf",
        pdf_standards=["a-3a", "ua-1"],
        timestamp=datetime.combine(document.dated, time(), UTC),
        sys_inputs={"data": template_data(sheet)},
    )
    return drawn


def pdf_sources(sheet: Sheet, logo: Logo | None = None) -> dict[str, bytes]:
    """Return the template and the pictures beside it, by the names it knows them under."""
    sources = {"main": _template()}
    if sheet.code is not None:
        sources["qr.svg"] = code_svg(sheet.code)
    if logo is not None:
        sources[logo.name] = logo.content
    return sources


def template_data(sheet: Sheet) -> str:
    """Return what the template reads, its texts made fit for paper."""
    return json.dumps(showable(sheet.data), ensure_ascii=False)


def _attaching(attached: Attachment) -> bytes:
    named = {"name": attached.name, "description": attached.description}
    said = {name: json.dumps(text, ensure_ascii=False) for name, text in named.items()}
    return (
        f'\n#pdf.attach({said["name"]}, read("attached", encoding: none), '
        f'relationship: "alternative", mime-type: "text/xml", description: {said["description"]})\n'
    ).encode()


@cache
def _template() -> bytes:
    return (files("billing.documents") / "invoice.typ").read_bytes()
