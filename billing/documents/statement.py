"""A consolidated invoice on paper: its invoices as lines, and below, what each of them is over.

It is drawn on the sheet of invoices. The frozen body is its source; beside it stand the credit
notes and payments that have come since.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from billing.documents.content import Document, DocumentKind, TaxGroup
from billing.documents.parties import Body, read_party, read_words
from billing.documents.sheet import Beside, Sheet, SheetWriter
from billing.documents.texts import amount_text, breakable, day_text, days_text
from billing.documents.words import STATEMENT
from billing.messages import translator
from control_plane.kernel.currency import currency
from control_plane.kernel.money import Money


@dataclass(frozen=True, slots=True)
class Since:
    """What became of a consolidated invoice: its credit notes and payments, and what is open.

    ``lowered`` are credit notes by number, ``paid`` payments by reference; amounts are positive.
    """

    lowered: Sequence[tuple[str, Money]]
    paid: Sequence[tuple[str, Money]]
    open: Money


def statement_document(body: Body) -> Document:
    """Read a frozen consolidated invoice as a document without lines of its own."""
    code = currency(body["currency"])

    def amount(name: str) -> Money:
        return Money(body[name], code)

    groups = tuple(
        TaxGroup(
            category=group["category"],
            code=group["code"],
            rate=group["rate"],
            base=Money(group["base_minor"], code),
            tax=Money(group["tax_minor"], code),
            reason=None if group.get("reason") is None else read_words(group["reason"]),
        )
        for group in body["taxes"]
    )
    return Document(
        kind=DocumentKind.INVOICE,
        number=body["number"],
        tenant=body["tenant"],
        seller=read_party(body["seller"]),
        buyer=read_party(body["buyer"]),
        currency=code,
        zone=body["zone"],
        dated=date.fromisoformat(body["date"]),
        payable_by=date.fromisoformat(body["payable_by"]),
        purchase_order=None,
        corrects=None,
        reason=None,
        lines=(),
        taxes=groups,
        subtotal=amount("net_minor"),
        discount=Money.zero(code),
        net=amount("net_minor"),
        tax=amount("tax_minor"),
        total=amount("invoiced_minor"),
        applied=(),
        due=amount("total_minor"),
        body={**body, "lines": []},
    )


def statement_sheet(body: Body, since: Since, beside: Beside, language: str) -> Sheet:
    """Write a consolidated invoice out, in ``en`` or any Chinese."""
    return _Statement(body, since, language).sheet(beside)


class _Statement:
    """One consolidated invoice on its way to paper."""

    def __init__(self, body: Body, since: Since, language: str) -> None:
        self.body, self.since, self.code = body, since, currency(body["currency"])
        self.language = "zh_CN" if language.lower().startswith("zh") else "en"
        say = translator(self.language)
        self.words = {name: say(text) for name, text in STATEMENT.items()}

    def sheet(self, beside: Beside) -> Sheet:
        document, words = statement_document(self.body), self.words
        due = replace(document, due=self.since.open)
        drawn = SheetWriter(self.language).write(due, beside)
        number, noun = document.number, words["noun"]
        first, last = (date.fromisoformat(self.body[name]) for name in ("first_day", "last_day"))
        known: Mapping[str, Any] = drawn.data
        data = {
            **known,
            "title": f"{noun} {number}",
            "noun": noun,
            "words": {**known["words"], **words},
            "facts": [*known["facts"], [words["invoices_of"], self._days(first, last)]],
            "amount_heading": words["to_be_paid_in"].format(currency=self.code.code),
            "lines": [self._line(entry) for entry in self.body["invoices"]],
            "totals": list(self._totals(document)),
            "centres": [
                [breakable(share["cost_centre"]) or words["no_centre"], self._text(share)]
                for share in self.body.get("cost_centres", ())
            ],
            "notes": [words["statement"]],
            "annex": [self._made_of(entry) for entry in self.body["invoices"]],
        }
        return Sheet(data, drawn.code)

    def _line(self, entry: Body) -> dict[str, Any]:
        about = [breakable(entry["child_name"]), self._day(entry["date"])]
        if entry["purchase_order"]:
            about.append(breakable(entry["purchase_order"]))
        return {
            "title": entry["number"],
            "about": " · ".join(about),
            "quantity": self._day(entry["payable_by"]),
            "tax": self._text(entry, "tax_minor"),
            "with_tax": False,
            "amount": self._text(entry, "open_minor"),
            "negative": False,
            "discounts": [],
        }

    def _totals(self, document: Document) -> Iterator[dict[str, Any]]:
        words = self.words
        yield self._row(words["net"], document.net)
        yield self._row(words["tax"], document.tax)
        yield self._row(words["invoiced"], document.total)
        if self.body["settled_minor"]:
            settled = Money(-self.body["settled_minor"], self.code)
            yield self._row(words["settled"], settled)
        yield self._row(words["to_be_paid"], document.due, weight=1)
        for number, amount in self.since.lowered:
            yield self._row(words["lowered"].format(reference=number), -amount)
        for reference, amount in self.since.paid:
            yield self._row(words["paid_by"].format(reference=breakable(reference)), -amount)
        if self.since.lowered or self.since.paid:
            yield self._row(words["still_open"], self.since.open, weight=2)

    def _made_of(self, entry: Body) -> dict[str, Any]:
        steps = [self._step(line) for line in entry["lines"]]
        steps.append(f"{self.words['tax']}: {self._text(entry, 'tax_minor')}")
        if entry["settled_minor"]:
            steps.append(f"{self.words['settled']}: {self._text(entry, 'settled_minor')}")
        return {
            "title": entry["number"],
            "about": breakable(entry["child_name"]),
            "amount": self._text(entry, "total_minor"),
            "steps": steps,
        }

    def _step(self, line: Body) -> str:
        item, name = (read_words(line[key]).say(self.language) for key in ("item_name", "name"))
        first, last = (date.fromisoformat(line[key]) for key in ("first_day", "last_day"))
        title = item if item == name else f"{item} · {name}"
        return f"{breakable(title)} · {self._days(first, last)}: {self._text(line)}"

    def _row(self, label: str, amount: Money, weight: int = 0) -> dict[str, Any]:
        return {"label": label, "amount": amount_text(amount), "weight": weight}

    def _text(self, said: Body, name: str = "net_minor") -> str:
        return amount_text(Money(said[name], self.code))

    def _day(self, day: str) -> str:
        return day_text(date.fromisoformat(day), self.language)

    def _days(self, first: date, last: date) -> str:
        one = first == last
        return day_text(first, self.language) if one else days_text(first, last, self.language)
