"""From a frozen document to the semantic model of EN 16931."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from billing.documents.content import COST_CENTRE, Discount, Document, Line, TaxGroup
from billing.documents.einvoice.gaps import check, group_of, is_vat_id
from billing.documents.einvoice.model import (
    CREDIT_NOTE,
    INVOICE,
    NOT_SUBJECT,
    SEPA,
    TRANSFER,
    Account,
    Allowance,
    Category,
    EInvoice,
    Totals,
    TradeLine,
    TradeParty,
    TradeTax,
)
from billing.documents.einvoice.units import ONE, unit_code
from billing.documents.parties import Party
from control_plane.kernel.exact import quantity_text
from control_plane.kernel.money import Money

_EXEMPTIONS = {
    "E": ("Exempt from VAT", ""),
    "AE": ("Reverse charge", "VATEX-EU-AE"),
    "K": ("Intra-Community supply", "VATEX-EU-IC"),
    "G": ("Export outside the EU", "VATEX-EU-G"),
    "O": ("Not subject to VAT", "VATEX-EU-O"),
}
"""BT-120 and BT-121 (CEF VATEX code list) where the document gives no reason of its own."""
_CREDIT_TERMS = "Set off against the invoice it corrects; what exceeds that is refunded or kept."


class FrozenSumsDiffer(AssertionError):
    """The parts of a frozen body do not add up to its own totals."""


def einvoice(document: Document) -> EInvoice:
    """Map a document; what it says is not changed, only named by the standard's terms.

    Raises:
        EInvoiceImpossible: it lacks what the standard asks for; every gap is named.
        FrozenSumsDiffer: its sums are wrong, which no writer of bodies makes.
    """
    check(document)
    taxes = _taxes(document)
    not_subject = all(tax.category.code == NOT_SUBJECT for tax in taxes)
    credit_note = document.is_credit_note
    return EInvoice(
        type_code=CREDIT_NOTE if credit_note else INVOICE,
        number=document.number,
        dated=document.dated,
        due=None if credit_note else document.payable_by,
        terms=_CREDIT_TERMS if credit_note else "",
        note=(document.reason or "").replace("_", " "),
        currency=document.currency.code,
        purchase_order=document.purchase_order or "",
        corrects=document.corrects,
        service=document.service,
        seller=_party(document.seller, not_subject=not_subject),
        buyer=_party(document.buyer, not_subject=not_subject),
        account=None if credit_note else _account(document.seller, document.currency.code),
        lines=tuple(
            _line(line, place, document) for place, line in enumerate(document.lines, start=1)
        ),
        taxes=taxes,
        totals=_totals(document, taxes),
    )


def _totals(document: Document, taxes: Sequence[TradeTax]) -> Totals:
    code = document.currency
    lines = Money.total((line.net for line in document.lines), code)
    paid = Money.total((entry.amount for entry in document.applied), code)
    # A credit note's BT-115 is what it takes back; the frozen body says that nothing is to be paid.
    due = document.total - paid if document.is_credit_note else document.due
    found = Totals(lines, document.net, document.tax, document.total, paid, due)
    sums = {
        "BR-CO-10": lines == document.net == Money.total((tax.base for tax in taxes), code),
        "BR-CO-14": document.tax == Money.total((tax.tax for tax in taxes), code),
        "BR-CO-15": document.total == document.net + document.tax,
        "BR-CO-16": due == document.total - paid,
    }
    wrong = [rule for rule, holds in sums.items() if not holds]
    if wrong:
        raise FrozenSumsDiffer(f"{document.number}: {', '.join(wrong)}")
    return found


def _taxes(document: Document) -> tuple[TradeTax, ...]:
    """Join the groups of one code and rate: EN 16931 knows no other categories (BR-S-08)."""
    joined: dict[Category, list[TaxGroup]] = {}
    for group in document.taxes:
        joined.setdefault(_category(group), []).append(group)
    return tuple(_tax(category, groups) for category, groups in joined.items())


def _tax(category: Category, groups: Sequence[TaxGroup]) -> TradeTax:
    text, code = _EXEMPTIONS.get(category.code, ("", ""))
    told = "; ".join(dict.fromkeys(g.reason.en for g in groups if g.reason is not None))
    code_of = groups[0].base.currency
    return TradeTax(
        category=category,
        base=Money.total((group.base for group in groups), code_of),
        tax=Money.total((group.tax for group in groups), code_of),
        reason=(told or text) if text else "",
        reason_code=code,
    )


def _category(group: TaxGroup) -> Category:
    if group.code == NOT_SUBJECT:
        return Category(group.code, None)
    return Category(group.code, quantity_text(Decimal(group.rate)))


def _line(line: Line, place: int, document: Document) -> TradeLine:
    group = group_of(line, document)
    if group is None:  # `check` has seen to it
        raise FrozenSumsDiffer(f"{document.number}: {line.key} is in no tax group")
    allowances = tuple(
        _allowance(found, line, group) for found in line.discounts if found.amount.minor
    )
    taken = Money.total((allowance.amount for allowance in allowances), line.net.currency)
    quantity, code = _quantity(line)
    return TradeLine(
        id=str(place),
        name=line.title("en"),
        description=_description(line, code),
        item=line.item,
        quantity=quantity,
        unit_code=code,
        price=line.net + taken,
        allowances=allowances,
        net=line.net,
        category=_category(group),
        first_day=line.first_day,
        last_day=line.last_day,
        cost_centre=line.cost_centre,
        attributes=tuple(
            (name, value) for name, value in line.tags if value and name != COST_CENTRE
        ),
    )


def _allowance(discount: Discount, line: Line, group: TaxGroup) -> Allowance:
    """Take the tax out of a discount on a price that includes it; rounded once.

    The line's price is its net plus these allowances, so that both stay consistent.
    """
    amount = discount.amount
    if line.tax_inclusive:
        amount = amount.scale(100 / (100 + Fraction(group.rate)))
    return Allowance(amount, discount.name.en)


def _quantity(line: Line) -> tuple[str, str]:
    """Return BT-129 and BT-130; a price cannot be that of no units, so none count as one."""
    if line.quantity is None or Fraction(line.quantity) <= 0 or "/" in line.quantity:
        return "1", ONE
    return line.quantity, unit_code(None if line.unit is None else line.unit.en)


def _description(line: Line, code: str) -> str:
    if line.quantity is None or line.unit is None or code != ONE:
        return ""
    return f"{line.quantity} {line.unit.en}"


def _party(party: Party, *, not_subject: bool) -> TradeParty:
    if party.address is None:  # `check` has seen to it
        raise FrozenSumsDiffer(f"{party.name} has no address")
    tax_id = party.tax_id.replace(" ", "")
    vat = is_vat_id(party)
    legal_id = party.registration or ("" if vat else tax_id)
    return TradeParty(
        name=party.name,
        identifier=party.reference,
        legal_id=legal_id,
        # BR-O-02: where nothing is subject to tax, VAT numbers must not be given
        vat_id=tax_id if vat and not not_subject else "",
        tax_number="" if vat or not_subject else tax_id,
        address=party.address,
        email=party.email,
        phone=party.phone,
    )


def _account(seller: Party, currency_code: str) -> Account | None:
    """Return where to pay, in the seller's name (BT-85)."""
    bank = seller.bank
    if bank is None or not (bank.iban or bank.account):
        return None
    means = SEPA if bank.iban and currency_code == "EUR" else TRANSFER
    return Account(means, bank.iban or bank.account, seller.name, bank.bic)
