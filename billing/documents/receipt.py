"""A paid top-up on paper: its receipt, or prepayment invoice, drawn on the sheet of invoices."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

from billing.documents.content import Document, DocumentKind, Line, TaxGroup
from billing.documents.parties import Body, Words, read_party, read_words
from billing.documents.sheet import Beside, Sheet, SheetWriter
from billing.documents.texts import breakable, day_text
from billing.documents.words import RECEIPT
from billing.messages import translator
from control_plane.kernel.currency import currency
from control_plane.kernel.money import Money

_ZONE = "UTC"
"""Receipts show days alone, which are frozen as the customer counted them."""
_TAXED = "prepayment_invoice"


def receipt_document(body: Body) -> Document:
    """Read a frozen receipt as a document over one line: what was paid ahead."""
    code = currency(body["currency"])

    def amount(name: str) -> Money:
        return Money(body[name], code)

    dated = date.fromisoformat(body["date"])
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
        zone=_ZONE,
        dated=dated,
        payable_by=None,
        purchase_order=None,
        corrects=None,
        reason=None,
        lines=(_line(body, groups, amount("total_minor"), dated),),
        taxes=groups,
        subtotal=amount("subtotal_minor"),
        discount=Money.zero(code),
        net=amount("net_minor"),
        tax=amount("tax_minor"),
        total=amount("total_minor"),
        applied=(),
        due=amount("total_minor"),
        body={**body, "lines": []},
    )


def receipt_sheet(body: Body, beside: Beside, language: str) -> Sheet:
    """Write a receipt out, in ``en`` or any Chinese. It asks for nothing: it is paid."""
    written = "zh_CN" if language.lower().startswith("zh") else "en"
    say = translator(written)
    words = {name: say(text) for name, text in RECEIPT.items()}
    document = receipt_document(body)
    drawn = SheetWriter(written).write(document, replace(beside, paid_on=document.dated))
    noun = words[body["kind"]]
    data = {
        **drawn.data,
        "title": f"{noun} {document.number}",
        "noun": noun,
        "buyer_heading": words["received_from"],
        "headline": {**drawn.data["headline"], "label": words["received"]},
        "facts": list(_facts(document, words, written)),
        "lines": [{**line, "about": ""} for line in drawn.data["lines"]],
        "notes": list(_notes(body, words, drawn)),
    }
    return Sheet(data, None)


def _facts(document: Document, words: dict[str, str], language: str) -> Iterator[list[str]]:
    yield [words["number"], document.number]
    yield [words["date"], day_text(document.dated, language)]
    reference = document.body["payment_reference"]
    if reference:
        yield [words["paid_by"], breakable(reference)]


def _notes(body: Body, words: dict[str, str], drawn: Sheet) -> Iterator[str]:
    known: dict[str, Any] = drawn.data["words"]
    if not body["taxes"]:
        yield known["untaxed"]
    yield words[f"note_{body['policy']}"]
    if body["bonus_minor"]:
        bonus = Money(body["bonus_minor"], currency(body["currency"]))
        yield words["note_bonus"].format(bonus=f"{bonus.decimal_text()} {bonus.currency.code}")


def _line(body: Body, groups: tuple[TaxGroup, ...], total: Money, dated: date) -> Line:
    chinese = translator("zh_CN")
    name = Words(RECEIPT["item"], chinese(RECEIPT["item"]))
    group = groups[0] if groups else None
    return Line(
        key=body["topup"],
        kind="topup",
        item="topup",
        item_name=name,
        charge="topup",
        name=name,
        first_day=dated,
        last_day=dated,
        quantity=None,
        unit=None,
        amount=total,
        discounts=(),
        net=Money(body["net_minor"], total.currency),
        tax_category="" if group is None else group.category,
        tax_code=None if group is None else group.code,
        tax_rate=None if group is None else group.rate,
        tax_inclusive=body["kind"] == _TAXED,
        tags=(),
    )
