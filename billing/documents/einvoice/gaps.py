"""What a frozen document lacks to be an e-invoice, each gap with what to do about it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from billing.documents.content import Document, DocumentKind, Line, TaxGroup
from billing.documents.einvoice.model import NOT_SUBJECT
from billing.documents.parties import Party
from control_plane.kernel.errors import ErrorKind, TallyardError

_DECIMALS = 2
"""BR-DEC-*: amounts have two decimals at most."""
_ZERO_RATED = frozenset({"Z", "E", "AE", "G", "K"})
_MOST_APART = {DocumentKind.INVOICE: 3, DocumentKind.CREDIT_NOTE: 6}
"""How far (minor units) a group's tax may be from base by rate; BR-CO-17 allows a major unit.

Where prices with and without tax meet in one group, each is rounded once; a credit note's tax also
keeps what stays on the invoice within one minor unit.
"""
_EU_NAMES = {"GR": {"GR", "EL"}, "GB": {"GB", "XI"}}


class EInvoiceImpossible(TallyardError):
    """The frozen document lacks what EN 16931 asks for."""

    code = "einvoice_impossible"
    kind = ErrorKind.CONFLICT
    message = "{number} cannot be an e-invoice of EN 16931; {count} things stand against it."
    remedy = (
        "Complete what is listed: it holds for documents issued from then on. "
        "What is issued stays as it is; PDF, HTML and CSV are there for it."
    )


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing that is missing: where, and what to do (an English template, its msgid)."""

    path: str
    message: str
    fields: dict[str, str] = field(default_factory=dict)


MESSAGES = {
    "tax": "No tax was set up for the seller: staff set up its tax before the next invoice.",
    "seller_name": "The seller has no name: staff complete the legal entity.",
    "seller_country": "The seller has no address with a country: staff complete the legal entity.",
    "seller_tax": "The seller has no tax number: staff enter it at the legal entity.",
    "seller_vat": "Category {code} needs the seller's VAT number, beginning with its country: "
    "staff enter it at the legal entity.",
    "buyer_name": "The buyer has no name: enter it in the billing profile.",
    "buyer_country": "The buyer has no address with a country: enter it in the billing profile.",
    "buyer_vat": "Category {code} needs the buyer's VAT number, beginning with its country: "
    "enter it in the billing profile.",
    "buyer_registration": "Category {code} needs the buyer's VAT number or registration: "
    "enter it in the billing profile.",
    "mixed": "What is not subject to tax cannot stand beside taxed lines: "
    "staff give all charges of an invoice a tax category.",
    "decimals": "{currency} has {exponent} decimals and EN 16931 allows two: "
    "bill this buyer in another currency.",
    "lines": "There is no line: nothing can be claimed.",
    "negative": "{name} is negative, as in invoices of before tax was introduced.",
    "category": "The tax category “{category}” at {rate} % of {name} is in no tax group.",
    "rate": "Category {code} cannot have the rate {rate} %: staff correct the tax rate.",
    "rounding": "The tax of {rate} % on {base} is {tax}, which is not the group's tax rounded "
    "once: use the policy tax_rounding = group for this buyer.",
}


def is_vat_id(party: Party) -> bool:
    """Whether the tax number begins with its country, as BR-CO-09 asks of BT-31 and BT-48."""
    country = "" if party.address is None else party.address.country
    return bool(country) and party.tax_id[:2].upper() in _EU_NAMES.get(country, {country})


def check(document: Document) -> None:
    """Make sure that a document can be written.

    Raises:
        EInvoiceImpossible: with every gap under ``errors``.
    """
    found = list(gaps(document))
    if found:
        errors = [{"path": g.path, "message": g.message, "fields": g.fields} for g in found]
        raise EInvoiceImpossible(number=document.number, count=len(found), errors=errors)


def gaps(document: Document) -> Iterator[Gap]:
    """Yield everything that stands against an e-invoice."""
    if document.currency.exponent > _DECIMALS:
        yield _gap(
            "currency",
            "decimals",
            currency=document.currency.code,
            exponent=str(document.currency.exponent),
        )
    if not document.lines:
        yield _gap("lines", "lines")
    if not document.taxed:
        yield _gap("taxes", "tax")
    yield from _parties(document)
    yield from _categories(document)
    for line in document.lines:
        if min(line.amount.minor, line.net.minor) < 0:
            yield _gap(f"lines.{line.key}", "negative", name=line.title("en"))
        elif document.taxed and group_of(line, document) is None:
            yield _gap(
                f"lines.{line.key}",
                "category",
                name=line.title("en"),
                category=line.tax_category,
                rate=line.tax_rate or "0",
            )


def group_of(line: Line, document: Document) -> TaxGroup | None:
    """Find the tax group that a line belongs to: by its rate, and its code or else its category."""
    found = [group for group in document.taxes if same_rate(group.rate, line.tax_rate)]
    if line.tax_code is not None:
        named = [group for group in found if group.code == line.tax_code]
    else:
        named = [group for group in found if group.category == line.tax_category] or found
    return named[0] if len(named) == 1 else None


def same_rate(left: str | None, right: str | None) -> bool:
    """Whether two rates are one number; ``13`` and ``13.00`` are, and none is zero."""
    return Decimal(left or 0) == Decimal(right or 0)


def _parties(document: Document) -> Iterator[Gap]:
    for role, party in (("seller", document.seller), ("buyer", document.buyer)):
        if not party.name.strip():
            yield _gap(f"{role}.name", f"{role}_name")
        if party.address is None or not party.address.country:
            yield _gap(f"{role}.address.country", f"{role}_country")


def _categories(document: Document) -> Iterator[Gap]:
    codes = {group.code for group in document.taxes}
    if NOT_SUBJECT in codes and len(codes) > 1:
        yield _gap("taxes", "mixed")
    seller, buyer = document.seller, document.buyer
    if codes - {NOT_SUBJECT} and not seller.tax_id:
        yield _gap("seller.tax_id", "seller_tax")
    elif codes & {"G", "K"} and not is_vat_id(seller):
        yield _gap("seller.tax_id", "seller_vat", code=min(codes & {"G", "K"}))
    if "K" in codes and not is_vat_id(buyer):
        yield _gap("buyer.tax_id", "buyer_vat", code="K")
    if "AE" in codes and not (buyer.tax_id or buyer.registration):
        yield _gap("buyer.tax_id", "buyer_registration", code="AE")
    for group in document.taxes:
        yield from _group(group, _MOST_APART[document.kind])


def _group(group: TaxGroup, most_apart: int) -> Iterator[Gap]:
    rate = Decimal(group.rate)
    wrong = rate <= 0 if group.code == "S" else group.code in _ZERO_RATED and rate != 0
    if wrong:
        yield _gap("taxes", "rate", code=group.code, rate=group.rate)
    exact = Fraction(group.base.minor) * Fraction(rate) / 100
    if abs(group.tax.minor - exact) >= min(most_apart, group.tax.currency.minor_per_major):
        yield _gap("taxes", "rounding", rate=group.rate, base=str(group.base), tax=str(group.tax))


def _gap(path: str, message: str, **fields: str) -> Gap:
    return Gap(path, MESSAGES[message], fields)
