"""Hybrid invoices: a PDF for people with the CII for programs inside (Factur-X, ZUGFeRD 2).

The PDF is PDF/A-3, the XML its `alternative`, and its metadata say so in the extension schema of
Factur-X 1.0 (§ 6.2). The metadata are added as an incremental update: the pages stay as drawn.
"""

import io
from xml.sax.saxutils import escape

from pypdf import PdfReader, PdfWriter
from pypdf.generic import NameObject, StreamObject

from billing.documents.invoice_pdf import Attachment

FILE_NAME = "factur-x.xml"
PROFILE = "EN 16931"
_URN = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#"
_PROPERTIES = (
    ("DocumentFileName", FILE_NAME, "The name of the embedded XML document"),
    ("DocumentType", "INVOICE", "The type of the hybrid document in capital letters"),
    ("Version", "1.0", "The actual version of the standard applying to the embedded XML document"),
    ("ConformanceLevel", PROFILE, "The conformance level of the embedded XML document"),
)
_END = b"</rdf:RDF>"
_SCHEMAS = b"<pdfaExtension:schemas><rdf:Bag>"
"""Typst declares schemas of its own; a property may stand in XMP only once, so ours joins them."""


class MetadataUnexpected(AssertionError):
    """The drawn PDF carries no metadata that could be extended."""


def attachment(cii: bytes) -> Attachment:
    """Return what is embedded: the name is the standard's."""
    return Attachment(FILE_NAME, cii, "Factur-X/ZUGFeRD e-invoice, profile EN 16931")


def declare(pdf: bytes) -> bytes:
    """Say in the metadata that the PDF is a hybrid invoice. The same PDF gives the same bytes.

    Raises:
        MetadataUnexpected: there are none.
    """
    writer = PdfWriter(io.BytesIO(pdf), incremental=True)
    root = writer.root_object
    found = root.get("/Metadata")
    before = found.get_object().get_data() if found is not None else b""
    if _END not in before or _SCHEMAS not in before:
        raise MetadataUnexpected("the PDF has no XMP metadata with extension schemas")
    declared = before.replace(_SCHEMAS, _SCHEMAS + _schema().encode(), 1)
    stream = StreamObject()
    stream.set_data(declared.replace(_END, _values().encode() + _END))
    stream[NameObject("/Type")] = NameObject("/Metadata")
    stream[NameObject("/Subtype")] = NameObject("/XML")
    root[NameObject("/Metadata")] = writer._add_object(stream)  # noqa: SLF001 - its only way
    written = io.BytesIO()
    writer.write(written)
    return written.getvalue()


def embedded(pdf: bytes) -> bytes:
    """Take the XML out of a hybrid invoice again, as a recipient does."""
    return PdfReader(io.BytesIO(pdf)).attachments[FILE_NAME][0]


def _values() -> str:
    values = "".join(f"<fx:{name}>{escape(value)}</fx:{name}>" for name, value, _ in _PROPERTIES)
    return f'<rdf:Description rdf:about="" xmlns:fx="{_URN}">{values}</rdf:Description>'


def _schema() -> str:
    properties = "".join(
        '<rdf:li rdf:parseType="Resource">'
        f"<pdfaProperty:name>{name}</pdfaProperty:name>"
        "<pdfaProperty:valueType>Text</pdfaProperty:valueType>"
        "<pdfaProperty:category>external</pdfaProperty:category>"
        f"<pdfaProperty:description>{escape(told)}</pdfaProperty:description></rdf:li>"
        for name, _, told in _PROPERTIES
    )
    return (
        '<rdf:li rdf:parseType="Resource">'
        "<pdfaSchema:schema>Factur-X PDFA Extension Schema</pdfaSchema:schema>"
        f"<pdfaSchema:namespaceURI>{_URN}</pdfaSchema:namespaceURI>"
        "<pdfaSchema:prefix>fx</pdfaSchema:prefix>"
        f"<pdfaSchema:property><rdf:Seq>{properties}</rdf:Seq></pdfaSchema:property></rdf:li>"
    )
