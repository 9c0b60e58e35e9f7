"""A top-up's document on paper: what was paid, by whom, and how it is taxed."""

from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from uuid import UUID

import pytest
from pypdf import PdfReader

from billing.documents.exporting import Exporter
from billing.documents.receipt import receipt_document, receipt_sheet
from billing.documents.sheet import Beside
from billing.documents.words import RECEIPT
from billing.domain.assembling import TaxTreatment
from billing.domain.discounts.receipt import prepayment, receipt_body
from billing.domain.discounts.records import Topup, TopupState
from billing.domain.tax.parties import PrepaidPolicy
from billing.messages import translator
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import TenantId
from control_plane.kernel.money import Money
from tests.support.document_bodies import BUYER, SELLER
from tests.support.papers import page_texts

CNY = currency("CNY")
PAID_AT = datetime(2026, 3, 9, 2, tzinfo=UTC)
NOTHING = Money.zero(CNY)


def body(policy: PrepaidPolicy, bonus: int = 0):
    topup = Topup(
        id=UUID(int=1),
        wallet_id=UUID(int=2),
        entity="live",
        policy=policy,
        automatic=False,
        state=TopupState.PAID,
        amount=Money(113_000, CNY),
        bonus=Money(bonus, CNY),
        spent=NOTHING,
        expired=NOTHING,
        refunded=NOTHING,
        free=Money(113_000, CNY),
        taxes=(),
        requested_at=PAID_AT,
        ended_at=PAID_AT,
        expires_at=None,
        reference="ICBC-7781",
        number="TY-R-2026-000007",
    )
    rate = TaxTreatment("standard", Decimal(13), "S", "CN")
    amounts = prepayment(topup, "standard", rate)
    parties = (SELLER.body(), BUYER.body())
    return receipt_body(TenantId(UUID(int=3)), topup, amounts, parties, date(2026, 3, 9))


def paper(policy: PrepaidPolicy, language: str = "en", bonus: int = 0) -> str:
    file = Exporter().export_receipt(body(policy, bonus), "ab" * 32, language)
    assert (file.name, file.media_type) == ("TY-R-2026-000007.pdf", "application/pdf")
    return " ".join(page_texts(PdfReader(BytesIO(file.content))))


def test_a_receipt_says_who_paid_what_when_and_by_which_payment():
    said = paper(PrepaidPolicy.TAX_ON_USE)

    for shown in (
        "Receipt",
        "TY-R-2026-000007",
        "Received from",
        "Tallyard GmbH",
        "March 9, 2026",
        "ICBC-7781",
        "1,130.00",
        "Prepaid balance",
        "later invoices, which charge the tax",
        "No tax is included.",
    ):
        assert shown in said
    assert "How to pay" not in said


def test_a_prepayment_invoice_shows_its_tax():
    said = paper(PrepaidPolicy.TAX_ON_TOPUP)

    for shown in ("Prepayment invoice", "1,000.00", "130.00", "1,130.00", "13", "Tax summary"):
        assert shown in said
    assert "No tax is included." not in said


def test_a_prepaid_cards_receipt_names_its_tax_class_and_the_bonus():
    said = paper(PrepaidPolicy.CARD, bonus=5000)

    assert "601" in said
    assert "50.00 CNY" in said


@pytest.mark.parametrize("policy", list(PrepaidPolicy))
def test_it_is_written_in_chinese_too(policy):
    said = paper(policy, "zh_CN", bonus=5000).replace(" ", "")
    chinese = translator("zh_CN")
    wanted = "prepayment_invoice" if policy is PrepaidPolicy.TAX_ON_TOPUP else "receipt"

    for name in (wanted, "item", "received", "received_from", "paid_by"):
        assert chinese(RECEIPT[name]) in said
    assert "Received" not in said


def test_the_same_receipt_gives_the_same_bytes():
    first, again = (
        Exporter().export_receipt(body(PrepaidPolicy.CARD), "ab" * 32, "en").content
        for _ in range(2)
    )
    assert first == again


def test_it_asks_for_no_payment_and_explains_nothing():
    sheet = receipt_sheet(body(PrepaidPolicy.TAX_ON_USE), Beside(), "en")

    assert (sheet.code, sheet.data["pay"], sheet.data["annex"]) == (None, None, [])
    assert receipt_document(body(PrepaidPolicy.TAX_ON_USE)).due == Money(113_000, CNY)
