"""The lines of documents as CSV: one row a line, for one document or many."""

import csv
import io
from collections.abc import Iterable, Iterator

from billing.documents.content import COST_CENTRE, Document, Line
from control_plane.kernel.money import Money

COLUMNS = (
    "document",
    "kind",
    "date",
    "corrects",
    "purchase_order",
    "customer",
    "currency",
    "line",
    "item",
    "charge",
    "description",
    "first_day",
    "last_day",
    "quantity",
    "unit",
    "amount",
    "discount",
    "net",
    "tax_code",
    "tax_rate",
    "tax_included",
    "cost_centre",
    "cost_centre_shares",
    "tags",
    "key",
)
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
"""By it Excel takes a file for UTF-8; without it Chinese comes out as noise."""
NOBODY = "-"
"""Stands for usage that named no cost centre."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\N{FULLWIDTH EQUALS SIGN}")


def lines_csv(documents: Iterable[Document], language: str) -> Iterator[bytes]:
    """Yield a file piece by piece: a byte order mark and the heading, then a document at a time.

    RFC 4180 in UTF-8; amounts in major units, a credit note's taken back and so negative. Cells
    that a spreadsheet would run as a formula are written as text, with an apostrophe before.
    """
    yield BYTE_ORDER_MARK + _rows([COLUMNS])
    for document in documents:
        yield _rows(
            [
                _cells(document, line, place, language)
                for place, line in enumerate(document.lines, start=1)
            ]
        )


def safe(text: str) -> str:
    """Write a text so that no spreadsheet runs it (OWASP, “CSV Injection”)."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) or text.startswith(" ") else text


def _cells(document: Document, line: Line, place: int, language: str) -> tuple[str, ...]:
    tags = {name: value for name, value in line.tags if name != COST_CENTRE}
    sign = -1 if document.is_credit_note else 1
    discount = Money.total((found.amount for found in line.discounts), line.amount.currency)

    def amount(of: Money) -> str:
        return Money(sign * of.minor, of.currency).decimal_text()

    texts = (
        document.number,
        document.kind.value,
        document.dated.isoformat(),
        "" if document.corrects is None else document.corrects[0],
        document.purchase_order or "",
        document.buyer.name,
        document.currency.code,
        str(place),
        line.item,
        line.charge,
        line.title(language),
        line.first_day.isoformat(),
        line.last_day.isoformat(),
        line.quantity or "",
        "" if line.unit is None else line.unit.say(language),
    )
    rest = (
        line.tax_code or "",
        line.tax_rate or "",
        "yes" if line.tax_inclusive else "no",
        line.cost_centre,
        _shares(line, sign),
        "; ".join(f"{name}={value}" for name, value in tags.items()),
        line.key,
    )
    amounts = (amount(line.amount), amount(-discount), amount(line.net))
    return (*map(safe, texts), *amounts, *map(safe, rest))


def _shares(line: Line, sign: int) -> str:
    """Write what each cost centre has of a line that is several'."""
    if len(line.centres) <= 1:
        return ""
    shares = (
        (s.centre or NOBODY, Money(sign * s.amount.minor, s.amount.currency)) for s in line.centres
    )
    return "; ".join(f"{centre}={amount.decimal_text()}" for centre, amount in shares)


def _rows(rows: Iterable[tuple[str, ...]]) -> bytes:
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    return written.getvalue().encode()
