"""An invoice as PDF: A4, in English or Chinese, drawn from the frozen body alone."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from importlib.resources import files
from typing import Any

import pylopdf_fonts_zh_cn
import typst
from babel.dates import format_date

from billing.domain.explain import ExplainedLine, explain_lines
from billing.domain.numbers import grouped
from billing.domain.records import InvoiceState, StoredInvoice
from billing.messages import translator
from control_plane.kernel.calendar import local_date
from control_plane.kernel.currency import currency
from control_plane.kernel.money import Money

WORDS: Mapping[str, str] = {
    "invoice": "Invoice",
    "billed_to": "Billed to",
    "number": "Number",
    "date": "Date",
    "payable_by": "Payable by",
    "item": "Item",
    "quantity": "Quantity",
    "amount": "Amount",
    "total": "Total",
    "paid": "Paid on {date}",
    "open": "To be paid by {date}",
    "nothing": "Nothing to pay",
    "fingerprint": "SHA-256",
    "note": "No tax is included. Every line can be computed again from the recorded usage, prices "
    "and days; the explanation of each step is online.",
}
_FINGERPRINT = 24


@dataclass(frozen=True, slots=True)
class InvoiceLayout:
    """Writes out everything the template shows, in one language (``en`` or ``zh_CN``)."""

    language: str

    def data(self, invoice: StoredInvoice) -> dict[str, object]:
        """Return the template's data."""
        body, summary = invoice.content, invoice.summary
        say = translator(self.language)
        words = {name: say(text) for name, text in WORDS.items()}
        quantities = {line["key"]: self._quantity(line) for line in body["lines"]}
        code = currency(body["currency"])
        chinese = self.language.startswith("zh")
        return {
            "title": f"{words['invoice']} {summary.number}",
            "lang": "zh" if chinese else "en",
            "region": "cn" if chinese else "gb",
            "year": summary.dated.year,
            "month": summary.dated.month,
            "day": summary.dated.day,
            "seller": body["seller"]["name"],
            "buyer": body["buyer"]["name"],
            "buyer_reference": body["buyer"]["reference"],
            "number": summary.number,
            "facts": [
                [words["number"], summary.number],
                [words["date"], self._day(summary.dated)],
                [words["payable_by"], self._day(summary.payable_by)],
            ],
            "status": self._status(invoice, words),
            "total": amount_text(summary.total, with_code=True),
            "lines": [
                self._line(line, quantities[line.key], Money(line.amount_minor, code))
                for line in explain_lines(body, self.language, say)
            ],
            "words": words,
            "note": words["note"],
            "fingerprint": invoice.body_sha256[:_FINGERPRINT],
        }

    def _line(self, line: ExplainedLine, quantity: str, amount: Money) -> dict[str, object]:
        first, last = date.fromisoformat(line.first_day), date.fromisoformat(line.last_day)
        return {
            "title": line.title,
            "days": self._day(first) if first == last else self._days(first, last),
            "steps": [step.text for step in line.steps],
            "quantity": quantity,
            "amount": amount_text(amount),
            "credit": amount.minor < 0,
        }

    def _status(self, invoice: StoredInvoice, words: Mapping[str, str]) -> str:
        summary, zone = invoice.summary, invoice.content["zone"]
        if summary.total.minor == 0:
            return words["nothing"]
        if summary.state is InvoiceState.PAID and summary.paid_at is not None:
            return words["paid"].format(date=self._day(local_date(summary.paid_at, zone)))
        return words["open"].format(date=self._day(summary.payable_by))

    def _quantity(self, line: Mapping[str, Any]) -> str:
        if line["quantity"] is None:
            return ""
        unit = line["unit"]["zh" if self.language.startswith("zh") else "en"]
        return f"{grouped(line['quantity'])} {unit}"

    def _days(self, first: date, last: date) -> str:
        return f"{self._day(first)} \N{EN DASH} {self._day(last)}"

    def _day(self, day: date) -> str:
        return str(format_date(day, format="long", locale=self.language))


def render_pdf(invoice: StoredInvoice, language: str) -> bytes:
    """Draw the invoice. The same invoice in the same state gives the same document."""
    data = InvoiceLayout(language).data(invoice)
    template = (files("billing.documents") / "invoice.typ").read_bytes()
    stamp = datetime.combine(invoice.summary.dated, time(), UTC)
    drawn: bytes = typst.compile(  # type: ignore[call-overload]  # its stubs want one kind of path
        template,
        font_paths=[pylopdf_fonts_zh_cn.sans_path().parent],
        ignore_system_fonts=True,
        format="pdf",
        pdf_standards=["a-2u"],
        timestamp=stamp,
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
    )
    return drawn


def amount_text(amount: Money, *, with_code: bool = False) -> str:
    """Write an amount with its thousands apart: ``1,999.00``, or ``CNY 1,999.00``."""
    code = f"{amount.currency.code} " if with_code else ""
    return code + grouped(amount.decimal_text()).replace("-", "\N{MINUS SIGN}")
