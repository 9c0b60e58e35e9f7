"""XML written element by element, namespaces declared once at the root."""

from collections.abc import Mapping
from datetime import date
from xml.etree import ElementTree as ET

from control_plane.kernel.money import Money


class Writer:
    """Adds elements named ``prefix:Name`` below a parent."""

    def __init__(self, root: str, namespaces: Mapping[str, str]) -> None:
        self._namespaces = dict(namespaces)
        declared = {f"xmlns:{p}" if p else "xmlns": uri for p, uri in namespaces.items()}
        self.root = ET.Element(root, declared)

    def add(
        self, parent: ET.Element, path: str, text: str | None = None, **attributes: str
    ) -> ET.Element:
        """Add the elements of a path (``cac:Party/cac:PartyName``), the last with its text."""
        for name in path.split("/"):
            parent = ET.SubElement(parent, name)
        parent.attrib.update(attributes)
        parent.text = text if text is None else clean(text)
        return parent

    def optional(self, parent: ET.Element, path: str, text: str, **attributes: str) -> None:
        """Add a path unless its text is empty."""
        if text:
            self.add(parent, path, text, **attributes)

    def bytes(self) -> bytes:
        """Return the document in UTF-8, indented, with its declaration."""
        ET.indent(self.root)
        return bytes(ET.tostring(self.root, encoding="utf-8", xml_declaration=True)) + b"\n"


def clean(text: str) -> str:
    """Drop what XML 1.0 cannot hold: control characters, lone surrogates, two non-characters."""
    return "".join(
        c
        for c in text
        if c in "\t\n\r" or " " <= c < "\ud800" or "\ue000" <= c < "\ufffe" or c > "\uffff"
    )


def major(amount: Money) -> str:
    """Write an amount in major units, with the currency's decimals."""
    return amount.decimal_text()


def basic_date(day: date) -> str:
    """Write a day as CII does (format 102): ``20260131``."""
    return day.strftime("%Y%m%d")
