"""The QR code: a SEPA transfer where a bank can make one, else the page to pay on."""

from dataclasses import replace

import pytest

from billing.documents.content import Document, read_document
from billing.documents.payment_code import code_svg, is_iban, payment_code
from billing.domain.documents.heading import Bank
from control_plane.kernel.currency import currency
from control_plane.kernel.money import Money
from tests.support.document_bodies import SELLER, assembled, charged, invoice_body, sample
from tests.support.papers import PAY_URL, drawn


def document(code: str = "EUR", minor: int = 10_00, bank: Bank | None = SELLER.bank) -> Document:
    amounts = assembled([charged("a#1", Money(minor, currency(code)))], [])
    return read_document(invoice_body(amounts, seller=replace(SELLER, bank=bank)))


def test_a_transfer_in_euro_is_written_as_the_epc_wants_it():
    code = payment_code(read_document(sample()), PAY_URL)

    assert code is not None
    assert code.sepa
    assert code.text.split("\n") == [
        "BCD",
        "002",
        "1",
        "SCT",
        "BYLADEM1001",
        "Tallyard GmbH",
        "DE02120300000000202051",
        "EUR414.40",
        "",
        "",
        "TY-2026-000042",
    ]


@pytest.mark.parametrize(
    "other",
    [
        document("CNY"),
        document(bank=None),
        document(bank=Bank("Bank", "123", None, None)),
        document(bank=Bank("Bank", None, "DE02120300000000202052", None)),
        document(minor=1_000_000_000_00),
    ],
    ids=["another currency", "no bank", "no IBAN", "a wrong IBAN", "more than SEPA carries"],
)
def test_what_no_sepa_transfer_can_pay_leads_to_the_portal(other):
    code = payment_code(other, PAY_URL)

    assert code is not None
    assert (code.sepa, code.text) == (False, PAY_URL)
    assert payment_code(other, "") is None


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("DE02120300000000202051", True),
        ("GB82WEST12345698765432", True),
        ("DE03120300000000202051", False),
        ("DE02 1203", False),
        ("", False),
        ("1202120300000000202051", False),
    ],
)
def test_an_iban_is_known_by_its_check_digits(text, right):
    assert is_iban(text) is right


def test_the_code_is_drawn_as_one_path():
    svg = code_svg("hello").decode()

    assert svg.startswith("<svg ")
    assert svg.count("<path") == 1


def alternatives(element) -> list[str]:
    """The texts that stand for pictures, below an element of the structure."""
    element = element.get_object()
    if isinstance(element, list):
        return [text for kid in element for text in alternatives(kid)]
    if not isinstance(element, dict):
        return []
    own = [str(element["/Alt"])] if "/Alt" in element else []
    return own + (alternatives(element["/K"]) if "/K" in element else [])


def test_the_code_has_a_text_for_those_who_cannot_see_it():
    structure = drawn(sample()).root_object["/StructTreeRoot"]

    assert alternatives(structure) == ["QR code for the payment of TY-2026-000042"]
