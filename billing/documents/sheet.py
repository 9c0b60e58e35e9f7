"""Everything a printed document shows, written out in one language; PDF and HTML share it.

The frozen body is its only source, but for what hangs beside the document: a logo, the address of
the payment page, and the day it was paid.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from babel import Locale

from billing.documents.content import Document, Line, TaxGroup
from billing.documents.einvoice.gaps import group_of
from billing.documents.parties import Address, Party
from billing.documents.payment_code import payment_code
from billing.documents.texts import amount_text, breakable, day_text, days_text, spaced
from billing.documents.words import CATEGORIES, REASONS, WORDS
from billing.domain.explain import explain_lines
from billing.domain.numbers import shown
from billing.messages import translator
from control_plane.kernel.money import Money

_FINGERPRINT = 24
_SANDBOX = "sandbox"
"""The legal entity in whose name sandboxes are billed."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What a printed document shows beside its frozen content; all of it may be missing.

    ``pay_url`` is the portal's page of the invoice, ``paid_on`` a local day, ``logo`` the name by
    which the template finds the picture.
    """

    sha256: str = ""
    pay_url: str = ""
    paid_on: date | None = None
    logo: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """The written-out data, plain enough for JSON, and what the QR code says, if there is one."""

    data: Mapping[str, Any]
    code: str | None


@dataclass(frozen=True, slots=True)
class SheetWriter:
    """Writes sheets in one language: ``en``, or any Chinese for Simplified Chinese."""

    language: str

    def write(self, document: Document, beside: Beside) -> Sheet:
        """Write a document out."""
        return _Writing(document, beside, self.language).sheet()


class _Writing:
    """One document on its way to paper."""

    def __init__(self, document: Document, beside: Beside, language: str) -> None:
        self.document, self.beside = document, beside
        self.language = "zh_CN" if language.lower().startswith("zh") else "en"
        self.say = translator(self.language)
        self.words = {name: self.say(text) for name, text in WORDS.items()}

    def sheet(self) -> Sheet:
        document, words = self.document, self.words
        noun = words[document.kind.value]
        pay, code = self._payment()
        dated = document.dated
        data = {
            "lang": self.language[:2],
            "region": "cn" if self.language == "zh_CN" else "gb",
            "title": f"{noun} {document.number}",
            "noun": noun,
            "number": document.number,
            "credit_note": document.is_credit_note,
            "date": {"year": dated.year, "month": dated.month, "day": dated.day},
            "words": words,
            "logo": self.beside.logo,
            "logo_alt": words["logo_of"].format(name=document.seller.name),
            "banner": words["sandbox"] if document.seller.reference == _SANDBOX else "",
            "seller": {**self._party(document.seller), "reference": ""},
            "buyer": self._party(document.buyer),
            "buyer_heading": words["credited_to" if document.is_credit_note else "billed_to"],
            "facts": [list(fact) for fact in self._facts()],
            "headline": self._headline(),
            "amount_heading": words["amount_in"].format(currency=document.currency.code),
            "taxed": document.taxed,
            "lines": [self._line(line) for line in document.lines],
            "totals": list(self._totals()),
            "taxes": [self._tax(group) for group in document.taxes],
            "pay": pay,
            "centres": [
                [breakable(name) or words["no_cost_centre"], amount_text(amount)]
                for name, amount in document.centres
            ],
            "notes": self._notes(),
            "annex": self._annex(),
            "footer": self._footer(),
        }
        return Sheet(data, code)

    def _party(self, party: Party) -> dict[str, Any]:
        address = () if party.address is None else self._address(party.address)
        named = (
            (self.words["tax_id"], party.tax_id),
            (self.words["registration"], party.registration),
        )
        return {
            "name": breakable(party.name),
            "address": [breakable(line) for line in address],
            "ids": [f"{label} {text}" for label, text in named if text],
            "reach": [text for text in (party.email, party.phone) if text],
            "reference": party.reference,
        }

    def _address(self, address: Address) -> tuple[str, ...]:
        known = Locale.parse(self.language).territories.get(address.country, address.country)
        return (*replace(address, country="").lines(), *([known] if known else []))

    def _facts(self) -> Iterator[tuple[str, str]]:
        document, words = self.document, self.words
        note = "note_" if document.is_credit_note else ""
        yield words[f"{note}number"], document.number
        yield words[f"{note}date"], self._day(document.dated)
        if document.payable_by is not None and not document.is_credit_note:
            yield words["payable_by"], self._day(document.payable_by)
        if document.corrects is not None:
            number, dated = document.corrects
            told = words["of_date"].format(number=number, date=self._day(dated))
            yield words["corrects"], told
        if document.lines:
            yield words["period"], self._days(*document.service)
        if document.purchase_order:
            yield words["purchase_order"], breakable(document.purchase_order)
        if document.reason:
            plain = document.reason.replace("_", " ").capitalize()
            yield words["reason"], self.say(REASONS.get(document.reason, plain))

    def _headline(self) -> dict[str, str]:
        document, words = self.document, self.words
        if document.is_credit_note:
            amount, label, status = document.total, words["credited"], words["set_off"]
        else:
            amount, label, status = document.due, words["amount_due"], self._status()
        return {"label": label, "amount": amount_text(amount, with_code=True), "status": status}

    def _status(self) -> str:
        paid_on, document = self.beside.paid_on, self.document
        if paid_on is not None and document.due.minor:
            return self.words["paid"].format(date=self._day(paid_on))
        if document.due.minor == 0 or document.payable_by is None:
            return self.words["nothing"]
        return self.words["open"].format(date=self._day(document.payable_by))

    def _line(self, line: Line) -> dict[str, Any]:
        unit = "" if line.unit is None else line.unit.say(self.language)
        about = [self._days(line.first_day, line.last_day)]
        about.extend(breakable(value) for _, value in line.tags)
        return {
            "title": breakable(line.title(self.language)),
            "about": " · ".join(about),
            "quantity": "" if line.quantity is None else f"{shown(line.quantity)} {unit}".strip(),
            "tax": self._line_tax(line),
            "with_tax": line.tax_inclusive,
            "amount": amount_text(line.amount),
            "negative": line.amount.minor < 0,
            "discounts": [
                [breakable(found.name.say(self.language)), amount_text(-found.amount)]
                for found in line.discounts
            ],
        }

    def _line_tax(self, line: Line) -> str:
        group = group_of(line, self.document)
        return "\N{EN DASH}" if group is None else _rate(group)

    def _totals(self) -> Iterator[dict[str, Any]]:
        document, words = self.document, self.words
        if document.taxed or document.discount.minor:
            yield _row(words["subtotal"], document.subtotal)
        if document.discount.minor:
            yield _row(words["discounts"], -document.discount)
        if document.taxed:
            yield _row(words["net"], document.net)
            for group in document.taxes:
                yield _row(words["tax_at"].format(rate=_rate(group)), group.tax)
        label = words["total_credited" if document.is_credit_note else "total"]
        yield _row(label, document.total, weight=1)
        if document.is_credit_note:
            return
        for entry in document.applied:
            kind = "applied_prepaid" if entry.kind == "prepaid" else "applied_credit_note"
            yield _row(words[kind].format(reference=entry.reference), -entry.amount)
        if document.applied:
            yield _row(words["amount_due"], document.due, weight=2)

    def _tax(self, group: TaxGroup) -> list[str]:
        name = self.say(CATEGORIES.get(group.code, group.code))
        reason = "" if group.reason is None else group.reason.say(self.language)
        return [
            name if reason in {"", name} else f"{name}: {reason}",
            _rate(group),
            amount_text(group.base),
            amount_text(group.tax),
        ]

    def _payment(self) -> tuple[dict[str, Any] | None, str | None]:
        document, words, bank = self.document, self.words, self.document.seller.bank
        settled = document.due.minor == 0 or self.beside.paid_on is not None
        if document.is_credit_note or settled or not (bank or self.beside.pay_url):
            return None, None
        rows = []
        if bank is not None:
            rows = [
                [words["payee"], breakable(document.seller.name)],
                [words["bank"], bank.name],
                ["IBAN" if bank.iban else words["account"], spaced(bank.iban) or bank.account],
                ["BIC", bank.bic],
            ]
        rows.append([words["reference"], document.number])
        code = payment_code(document, self.beside.pay_url)
        scan = "" if code is None else words["scan_bank" if code.sepa else "scan_online"]
        found = {
            "rows": [row for row in rows if row[1]],
            "scan": scan,
            "alt": words["code_for"].format(number=document.number),
            "url": self.beside.pay_url,
        }
        return found, None if code is None else code.text

    def _notes(self) -> list[str]:
        notes = [] if self.document.taxed else [self.words["untaxed"]]
        return [*notes, self.words["note"]]

    def _annex(self) -> list[dict[str, Any]]:
        told = explain_lines(self.document.body, self.language, self.say)
        code = self.document.currency
        return [
            {
                "title": breakable(line.title),
                "about": self._days(
                    date.fromisoformat(line.first_day), date.fromisoformat(line.last_day)
                ),
                "amount": amount_text(Money(line.amount_minor, code)),
                "steps": [step.text for step in line.steps],
            }
            for line in told
            if line.steps
        ]

    def _footer(self) -> list[str]:
        print_of = self.beside.sha256[:_FINGERPRINT]
        seller = self.document.seller
        found = [seller.name, seller.tax_id and f"{self.words['tax_id']} {seller.tax_id}"]
        if print_of:
            found.append(f"{self.words['fingerprint']} {print_of}")
        return [text for text in found if text]

    def _days(self, first: date, last: date) -> str:
        if first == last:
            return day_text(first, self.language)
        return days_text(first, last, self.language)

    def _day(self, day: date) -> str:
        return day_text(day, self.language)


def _rate(group: TaxGroup) -> str:
    if group.code == "O":
        return "\N{EN DASH}"
    return f"{group.rate}\N{NO-BREAK SPACE}%"


def _row(label: str, amount: Money, weight: int = 0) -> dict[str, Any]:
    return {"label": label, "amount": amount_text(amount), "weight": weight}
