"""The QR code by which an invoice is paid."""

import io
from dataclasses import dataclass
from decimal import Decimal

import segno

from billing.documents.content import Document

_HIGHEST = Decimal("999999999.99")
_LONGEST_NAME = 70
_LONGEST_TEXT = 140
_IBAN_LENGTHS = range(15, 35)


@dataclass(frozen=True, slots=True)
class PaymentCode:
    """What a code says: a credit transfer of the EPC's scheme, or the payment page's address."""

    text: str
    sepa: bool


def payment_code(document: Document, pay_url: str) -> PaymentCode | None:
    """Choose the code: a SEPA transfer in EUR to an IBAN, else the portal, if there is one.

    The first is “Quick Response Code: Guidelines to Enable Data Capture for the Initiation of a
    SEPA Credit Transfer” (EPC 069-12, version 2.1, version 002 of the data).
    """
    bank = document.seller.bank
    due = document.due
    if due.currency.code == "EUR" and bank is not None and is_iban(bank.iban):
        amount = Decimal(due.decimal_text())
        if 0 < amount <= _HIGHEST:
            return PaymentCode(_epc(document, bank.iban, bank.bic), sepa=True)
    return PaymentCode(pay_url, sepa=False) if pay_url else None


def code_svg(text: str) -> bytes:
    """Draw a QR code as SVG, one unit a module, with error correction M and no quiet zone.

    Whoever shows it leaves four modules of white around it (ISO/IEC 18004).
    """
    drawn = io.BytesIO()
    segno.make(text, error="m", micro=False, boost_error=False).save(
        drawn, kind="svg", border=0, xmldecl=False, svgclass=None, lineclass=None, nl=False
    )
    return drawn.getvalue()


def is_iban(text: str) -> bool:
    """Whether a text is an IBAN with the right check digits (ISO 13616, modulo 97)."""
    if len(text) not in _IBAN_LENGTHS or not (text.isascii() and text.isalnum()):
        return False
    digits = "".join(str(int(c, 36)) for c in text[4:] + text[:4])
    return text[:2].isalpha() and int(digits) % 97 == 1


def _epc(document: Document, iban: str, bic: str) -> str:
    lines = (
        "BCD",
        "002",
        "1",
        "SCT",
        bic,
        document.seller.name[:_LONGEST_NAME],
        iban,
        f"EUR{document.due.decimal_text()}",
        "",
        "",
        document.number[:_LONGEST_TEXT],
    )
    return "\n".join(lines)
