"""What every section has: codes that are unique, names in two languages, references."""

from collections.abc import Container
from dataclasses import dataclass, field

from control_plane.catalog.domain import Text
from control_plane.catalog.source.cursor import Cursor
from control_plane.catalog.source.faults import Fault

NO_TEXT = Text(en="", zh="")


@dataclass(frozen=True, slots=True)
class Codes:
    """The codes of one section, each defined once."""

    lines: dict[str, int] = field(default_factory=dict)

    def take(self, cursor: Cursor | None) -> str:
        """Read a new code; empty after a fault, or when it is missing."""
        code = cursor.code() if cursor else ""
        if cursor and code in self.lines:
            cursor.report(Fault.DUPLICATE_CODE, value=code, first=self.lines[code])
        elif cursor and code:
            self.lines[code] = cursor.line
        return code


def read_name(cursor: Cursor | None) -> Text:
    """Read a text in both languages."""
    if cursor is None:
        return NO_TEXT
    known = len(cursor.problems)
    fields = cursor.fields(optional=("en", "zh"))
    if not fields and len(cursor.problems) > known:
        return NO_TEXT
    for language in ("en", "zh"):
        if language not in fields or not fields[language].raw.strip():
            cursor.report(Fault.MISSING_TRANSLATION, value=language)
    texts = {language: value.text() for language, value in fields.items() if value.raw.strip()}
    return Text(en=texts.get("en", ""), zh=texts.get("zh", ""))


def read_reference(cursor: Cursor | None, known: Container[str], fault: Fault) -> str:
    """Read a code that must be defined elsewhere; empty after a fault."""
    if cursor is None:
        return ""
    if cursor.raw not in known:
        cursor.report(fault, value=cursor.raw)
        return ""
    return cursor.raw


def read_references(cursor: Cursor | None, known: Container[str], fault: Fault) -> tuple[str, ...]:
    """Read a list, not empty, of different codes that must be defined elsewhere."""
    codes: list[str] = []
    for item in cursor.items(empty=False) if cursor else ():
        code = read_reference(item, known, fault)
        if code in codes:
            item.report(Fault.DUPLICATE_ENTRY, value=code)
        elif code:
            codes.append(code)
    return tuple(codes)
