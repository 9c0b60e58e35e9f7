"""The PDF: what stands on it, in both languages, however long it is."""

import io
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from pypdf import PdfReader
from pypdf.generic import DictionaryObject, IndirectObject

from billing.documents.content import read_document
from billing.documents.exporting import DocumentForm
from billing.documents.texts import amount_text, breakable
from billing.documents.words import CATEGORIES, REASONS, STATEMENT, WORDS
from billing.domain.assembling import TaxTreatment
from billing.messages import translator
from control_plane.kernel.currency import currency
from control_plane.kernel.money import Money
from tests.support.document_bodies import (
    SELLER,
    assembled,
    charged,
    invoice_body,
    money,
    sample,
    sample_note,
    text,
)
from tests.support.old_bodies import old_body
from tests.support.papers import compact, drawn, exported, page_texts, paper


def test_an_invoice_says_who_what_when_and_how_much():
    said = paper(sample())

    for shown in (
        "Invoice",
        "TY-2026-000042",
        "Bella Pizza S.à r.l.",
        "1246 Luxembourg",
        "LU26375245",
        "Tallyard GmbH",
        "Registration HRB 123456",
        "PO-2026-118",
        "Outbound lines",
        "7,234 lines",
        "12.5 GB",
        "April 15, 2026",
    ):
        assert shown in said


def test_every_sum_on_the_way_to_the_amount_due_is_told():
    said = paper(sample())

    for row in (
        "Sum of lines 516.99",
        "Discounts −71.70",
        "Net amount 445.29",
        "Tax 19 % 84.61",
        "Total 529.90",
        "Credit note TY-CN-2026-000002 −15.50",
        "Prepaid balance WAL-7 −100.00",
        "Amount due 414.40",
    ):
        assert row in said


def test_each_discount_stands_below_its_line():
    said = paper(sample())

    assert said.index("Base fee") < said.index("Welcome −19.90") < said.index("Goodwill −7.70")
    assert said.index("Goodwill −7.70") < said.index("Outbound lines")


def test_the_tax_summary_has_a_row_for_each_category_and_rate():
    ways = [
        TaxTreatment("full", Decimal(13), "S", "CN"),
        TaxTreatment("low", Decimal(6), "S", "CN"),
        TaxTreatment("none", Decimal(0), "E", "CN", text("Article 15", "第十五条")),
    ]
    lines = [charged(f"{w.category}#1", money("100.00"), category=w.category) for w in ways]

    said = paper(invoice_body(assembled(lines, ways)))

    assert "Standard rate 13 % 100.00 13.00" in said
    assert "Standard rate 6 % 100.00 6.00" in said
    assert "Exempt: Article 15 0 % 100.00 0.00" in said


def test_an_untaxed_invoice_says_so_and_shows_no_tax():
    said = paper(invoice_body(assembled([charged("a#1", money("5.00"))], [])))

    assert "No tax is included." in said
    assert "Tax summary" not in said


def test_a_price_that_includes_tax_is_marked():
    said = paper(invoice_body(assembled([charged("a#1", money("119.00"), inclusive=True)])))

    assert "tax included" in said
    assert "Net amount 100.00" in said


def test_bank_details_stand_where_somebody_has_to_pay():
    said = paper(sample())

    assert "IBAN DE02 1203 0000 0000 2020 51" in said
    assert "BIC BYLADEM1001" in said
    assert "Payment reference TY-2026-000042" in said


def test_a_paid_invoice_says_so_and_asks_for_no_payment():
    said = paper(sample(), paid_on=date(2026, 4, 9))

    assert "Paid on April 9, 2026" in said
    assert "How to pay" not in said


def test_a_credit_note_names_what_it_corrects_and_asks_for_nothing():
    said = paper(sample_note())

    assert "Credit note" in said
    assert "TY-2026-000042 of April 1, 2026" in said
    assert "Change of the subscription" in said
    assert "Total credited 76.39" in said
    assert "How to pay" not in said


def test_a_sandboxs_paper_says_that_it_is_not_real():
    assert "not real" in paper(sample(seller=replace(SELLER, reference="sandbox")))
    assert "not real" not in paper(sample())


def test_the_paper_speaks_chinese():
    said = compact(paper(sample(), "zh_CN"))

    for shown in ("账单", "出库行", "应付金额", "请于2026年4月15日前付款", "税额汇总", "德国"):
        assert shown in said
    assert "贷项通知单" in compact(paper(sample_note(), "zh"))


def test_a_body_of_before_tax_still_makes_its_paper():
    said = paper(old_body())

    for shown in ("TY-2026-000007", "贝拉披萨", "−1,031.74", "2,064.00", "CNY 1,032.26"):
        assert shown in said
    assert "No tax is included." in said


def test_three_hundred_lines_run_over_numbered_pages_with_their_headings():
    lines = [
        charged(f"{n}#1", money("12.34"), name=text(f"Lines of warehouse {n}" * (1 + n % 4)))
        for n in range(300)
    ]

    texts = page_texts(drawn(invoice_body(assembled(lines))))

    assert len(texts) > 8
    assert all(f"Page {n} of {len(texts)}" in page for n, page in enumerate(texts, start=1))
    assert all("Quantity" in page for page in texts[:-1])
    assert all("Invoice TY-2026-000042" in page for page in texts[1:])
    assert all(any(f"warehouse {n}" in page for page in texts) for n in range(300))


def test_pages_are_a4():
    width, height = drawn(sample()).pages[0].mediabox[2:]

    assert (round(float(width)), round(float(height))) == (595, 842)


def test_amounts_of_nineteen_digits_stand_whole():
    line = charged("a#1", Money(8_000_000_000_000_000_000, currency("CNY")))

    said = paper(invoice_body(assembled([line], [])))

    assert said.count("80,000,000,000,000,000.00") >= 3


@pytest.mark.parametrize(
    ("code", "shown"),
    [("JPY", "JPY 1,300,000"), ("KWD", "KWD 1,300.000"), ("KRW", "KRW 1,300,000")],
)
def test_every_currency_has_its_own_decimals(code, shown):
    body = invoice_body(assembled([charged("a#1", Money(1_300_000, currency(code)))], []))

    assert shown in paper(body).replace("\N{NO-BREAK SPACE}", " ")


def test_a_word_longer_than_its_column_is_broken_and_a_short_one_is_not():
    long = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerk"

    assert breakable("Outbound lines") == "Outbound lines"
    assert breakable(f"a {long}").replace("\N{ZERO WIDTH SPACE}", "") == f"a {long}"
    assert breakable(long) != long


def test_the_same_content_gives_the_same_bytes():
    first, second = (drawn(sample()).stream.getvalue() for _ in range(2))

    assert first == second


def test_the_pdf_is_for_archives_and_for_screen_readers():
    pdf = drawn(sample())
    root: DictionaryObject = pdf.root_object
    metadata = root["/Metadata"].get_object().get_data().decode()

    assert "<pdfaid:part>3</pdfaid:part>" in metadata
    assert "<pdfaid:conformance>A</pdfaid:conformance>" in metadata
    assert "<pdfuaid:part>1</pdfuaid:part>" in metadata
    assert root["/MarkInfo"]["/Marked"] == True  # noqa: E712 - a PDF's own boolean
    assert root["/Lang"] == "en-GB"


@pytest.mark.parametrize("form", [DocumentForm.PDF, DocumentForm.FACTURX])
def test_an_archive_needs_nothing_from_elsewhere(form):
    """ISO 19005-3: 6.1.3, 6.1.8, 6.2.3, 6.2.11.4, 6.6.1, 6.8."""
    content = exported(sample(), form).content
    pdf = PdfReader(io.BytesIO(content))
    found = [one.get_object() for one in objects_of(pdf)]
    dictionaries = [one for one in found if isinstance(one, DictionaryObject)]
    root = pdf.root_object

    assert content.startswith(b"%PDF-1.7")
    assert "/Encrypt" not in pdf.trailer
    assert pdf.trailer["/ID"]
    [intent] = root["/OutputIntents"]
    assert intent["/S"] == "/GTS_PDFA1"
    assert intent["/DestOutputProfile"].get_data()[36:40] == b"acsp"  # an ICC profile
    fonts = [one for one in dictionaries if one.get("/Type") == "/FontDescriptor"]
    assert fonts
    assert all({"/FontFile2", "/FontFile3"} & one.keys() for one in fonts)
    assert all("/ToUnicode" in one for one in dictionaries if one.get("/Subtype") == "/Type0")
    actions = {"/JavaScript", "/Launch", "/Sound", "/Movie", "/SubmitForm", "/ImportData"}
    assert not actions & {one.get("/S") for one in dictionaries}
    assert not {"/OpenAction", "/AA"} & root.keys()
    files = [one for one in dictionaries if one.get("/Type") == "/Filespec"]
    assert len(files) == (form is DocumentForm.FACTURX)
    assert all({"/F", "/UF", "/AFRelationship", "/Desc"} <= one.keys() for one in files)
    assert all(one["/EF"]["/F"]["/Subtype"] == "/text/xml" for one in files)


def objects_of(pdf):
    return (IndirectObject(number, 0, pdf) for number in range(1, int(pdf.trailer["/Size"])))


def test_how_each_amount_came_about_follows_the_sums():
    line = charged("a#1", money("10.00"), steps=({"step": "fee", "amount": "10.00"},))

    said = paper(invoice_body(assembled([line])))

    assert said.index("Tax summary") < said.index("How each amount came about")
    assert "The fee of one whole period: 10.00." in said


def test_amounts_are_grouped():
    cny = currency("CNY")

    assert amount_text(Money(-123456789, cny)) == "\N{MINUS SIGN}1,234,567.89"
    assert amount_text(Money(5, cny), with_code=True) == "CNY\N{NO-BREAK SPACE}0.05"


@pytest.mark.parametrize(
    "message",
    [*WORDS.values(), *CATEGORIES.values(), *REASONS.values(), *STATEMENT.values()],
)
def test_every_word_has_a_chinese_form(message):
    assert translator("zh_CN")(message) != message or message == "SHA-256"


def test_nothing_but_the_body_is_needed():
    document = read_document(sample())

    assert (document.service[0].isoformat(), document.service[1].isoformat()) == (
        "2026-03-01",
        "2026-04-30",
    )
