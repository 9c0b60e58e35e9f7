"""E-invoices: how a document maps, and what it may lack."""

import io
from dataclasses import replace
from decimal import Decimal

import pytest
from lxml import etree
from pypdf import PdfReader, PdfWriter

from billing.documents.content import read_document
from billing.documents.einvoice.build import FrozenSumsDiffer, einvoice
from billing.documents.einvoice.gaps import MESSAGES, EInvoiceImpossible
from billing.documents.einvoice.units import unit_code
from billing.documents.exporting import DocumentForm
from billing.documents.hybrid import FILE_NAME, MetadataUnexpected, declare, embedded
from billing.domain.assembling import TaxTreatment
from billing.domain.documents.heading import Address, Bank, Party
from billing.messages import translator
from control_plane.catalog.policies import Policies
from control_plane.kernel.currency import currency
from control_plane.kernel.money import Money
from tests.support.document_bodies import (
    BUYER,
    SELLER,
    assembled,
    charged,
    invoice_body,
    money,
    sample,
    sample_note,
    text,
)
from tests.support.en16931 import broken
from tests.support.old_bodies import old_body
from tests.support.papers import exported


def xml(body, form):
    return exported(body, form).content


def one(body, path, form=DocumentForm.UBL):
    """The only text at a path, its names without prefixes."""
    root = etree.fromstring(xml(body, form))
    [found] = root.findall("/".join(f"{{*}}{name}" for name in path.split("/")))
    return found.text


def paths(body):
    with pytest.raises(EInvoiceImpossible) as refused:
        einvoice(read_document(body))
    return [error["path"] for error in refused.value.fields["errors"]]


def with_tax(code: str, rate: str = "0", **changes):
    way = TaxTreatment("standard", Decimal(rate), code, "DE", text("Why"))
    return invoice_body(assembled([charged("a#1", money("10.00"))], [way]), **changes)


@pytest.mark.parametrize("body", [sample(), sample_note()], ids=["invoice", "credit note"])
@pytest.mark.parametrize("syntax", ["ubl", "cii"])
def test_samples_break_no_rule(body, syntax):
    assert broken(syntax, xml(body, DocumentForm(syntax))) == []


@pytest.mark.parametrize("code", ["Z", "E", "AE", "K", "G", "O"])
@pytest.mark.parametrize("syntax", ["ubl", "cii"])
def test_every_tax_category_breaks_no_rule(code, syntax):
    assert broken(syntax, xml(with_tax(code), DocumentForm(syntax))) == []


@pytest.mark.parametrize(
    ("syntax", "right", "wrong", "rules"),
    [
        ("ubl", b">529.90<", b">529.91<", {"BR-CO-15", "BR-CO-16"}),
        ("cii", b"GrandTotalAmount>529.90", b"GrandTotalAmount>529.91", {"BR-CO-15", "BR-CO-16"}),
        ("ubl", b">DE136695976<", b">136695976<", {"BR-CO-09"}),
        ("ubl", b">84.61<", b">84.615<", {"BR-CO-14", "BR-DEC-20"}),
    ],
)
def test_the_rules_are_really_asked(syntax, right, wrong, rules):
    document = xml(sample(), DocumentForm(syntax))
    assert right in document

    found = {entry.rule for entry in broken(syntax, document.replace(right, wrong))}

    assert rules <= found


def test_what_the_schema_forbids_is_seen():
    document = xml(sample(), DocumentForm.UBL).replace(b"cbc:IssueDate", b"cbc:Issued")

    assert {entry.rule for entry in broken("ubl", document)} == {"XSD"}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("ID", "TY-2026-000042"),
        ("IssueDate", "2026-04-01"),
        ("DueDate", "2026-04-15"),
        ("InvoiceTypeCode", "380"),
        ("OrderReference/ID", "PO-2026-118"),
        ("InvoicePeriod/StartDate", "2026-03-01"),
        ("PaymentMeans/PaymentMeansCode", "58"),
        ("PaymentMeans/PaymentID", "TY-2026-000042"),
        ("PaymentMeans/PayeeFinancialAccount/ID", "DE02120300000000202051"),
        ("LegalMonetaryTotal/PrepaidAmount", "115.50"),
        ("LegalMonetaryTotal/PayableAmount", "414.40"),
        ("TaxTotal/TaxSubtotal/TaxCategory/ID", "S"),
    ],
)
def test_terms_of_an_invoice(path, value):
    assert one(sample(), path) == value


def test_both_kinds_of_balance_are_what_was_paid_already():
    body = sample()
    assert {entry["kind"] for entry in body["applied"]} == {"credit_note", "prepaid"}

    applied = sum(entry["amount_minor"] for entry in body["applied"])

    paid = einvoice(read_document(body)).totals.paid
    assert paid == Money(applied, currency("EUR"))


def test_discounts_are_allowances_of_their_line():
    line = einvoice(read_document(sample())).lines[0]

    assert [(a.reason, a.amount) for a in line.allowances] == [
        ("Welcome", money("19.90")),
        ("Goodwill", money("7.70")),
    ]
    assert (line.price, line.net) == (money("199.00"), money("171.40"))


def test_a_quantity_is_the_base_of_its_price():
    usage = einvoice(read_document(sample())).lines[1]

    assert (usage.quantity, usage.unit_code, usage.price) == ("7234", "C62", money("287.99"))
    assert usage.description == "7234 lines"
    assert (usage.cost_centre, usage.attributes) == ("4711", (("warehouse", "Hamburg"),))


def test_no_quantity_and_none_used_are_one():
    lines = [charged("a#1", money("3.00")), charged("b#1", money("2.00"), quantity="0")]

    found = einvoice(read_document(invoice_body(assembled(lines)))).lines

    assert [(line.quantity, line.unit_code) for line in found] == [("1", "C62"), ("1", "C62")]


@pytest.mark.parametrize(
    ("unit", "code"),
    [("GB", "E34"), ("hours", "HUR"), ("hour", "HUR"), ("seats", "C62"), (None, "C62")],
)
def test_units_have_the_codes_of_rec_20(unit, code):
    assert unit_code(unit) == code


def test_a_price_with_tax_is_written_without():
    line = charged("a#1", money("119.00"), inclusive=True)

    found = einvoice(read_document(invoice_body(assembled([line])))).lines[0]

    assert (found.price, found.net) == (money("100.00"), money("100.00"))


def test_a_credit_note_is_381_and_names_the_invoice_before_it():
    note = sample_note()

    assert one(note, "CreditNoteTypeCode") == "381"
    assert one(note, "BillingReference/InvoiceDocumentReference/ID") == "TY-2026-000042"
    assert one(note, "BillingReference/InvoiceDocumentReference/IssueDate") == "2026-04-01"
    assert one(note, "LegalMonetaryTotal/PayableAmount") == "76.39"
    assert one(note, "ExchangedDocument/TypeCode", DocumentForm.CII) == "381"


def test_an_account_without_iban_is_a_plain_transfer():
    body = sample(seller=replace(SELLER, bank=Bank("ICBC", "6222 0210", None, None)))

    assert one(body, "PaymentMeans/PaymentMeansCode") == "30"
    assert broken("cii", xml(body, DocumentForm.CII)) == []


def test_a_tax_number_that_no_country_begins_is_not_passed_off_as_a_vat_number():
    seller = replace(SELLER, tax_id="91310000MA1K000000", registration=None)

    parties = einvoice(read_document(sample(seller=seller)))

    assert (parties.seller.vat_id, parties.seller.tax_number) == ("", "91310000MA1K000000")
    assert parties.seller.legal_id == "91310000MA1K000000"
    for syntax in ("ubl", "cii"):
        assert broken(syntax, xml(sample(seller=seller), DocumentForm(syntax))) == []


def test_greek_vat_numbers_begin_with_el():
    seller = replace(SELLER, tax_id="EL123456789", address=Address(country="GR"))

    assert einvoice(read_document(sample(seller=seller))).seller.vat_id == "EL123456789"


NOBODY = Party(name=" ", reference="x")


@pytest.mark.parametrize(
    ("body", "missing"),
    [
        (sample(seller=replace(SELLER, tax_id=None)), ["seller.tax_id"]),
        (sample(seller=replace(SELLER, address=None)), ["seller.address.country"]),
        (sample(buyer=NOBODY), ["buyer.name", "buyer.address.country"]),
        (with_tax("K", buyer=replace(BUYER, tax_id="123")), ["buyer.tax_id"]),
        (with_tax("AE", buyer=replace(BUYER, tax_id=None)), ["buyer.tax_id"]),
        (with_tax("G", seller=replace(SELLER, tax_id="123")), ["seller.tax_id"]),
        (with_tax("S", "0"), ["taxes"]),
        (with_tax("Z", "7"), ["taxes"]),
        (invoice_body(assembled([charged("a#1", money("1.00"))], [])), ["taxes"]),
        (
            invoice_body(assembled([charged("a#1", Money(1000, currency("KWD")))])),
            ["currency"],
        ),
        ({**sample(), "lines": []}, ["lines"]),
    ],
)
def test_what_is_missing_is_named(body, missing):
    assert paths(body) == missing


def test_everything_that_is_missing_is_named_at_once():
    assert paths(old_body()) == [
        "taxes",
        "seller.address.country",
        "buyer.address.country",
        "lines.sub:credit",
    ]


def test_what_is_outside_the_scope_of_tax_stands_alone():
    ways = [
        TaxTreatment("standard", Decimal(19), "S", "DE"),
        TaxTreatment("o", Decimal(0), "O", ""),
    ]
    lines = [charged("a#1", money("1.00")), charged("b#1", money("1.00"), category="o")]

    assert paths(invoice_body(assembled(lines, ways))) == ["taxes"]


def test_tax_that_was_rounded_line_by_line_is_refused_once_the_pennies_add_up():
    lines = [charged(f"{n}#1", money("0.03")) for n in range(60)]

    body = invoice_body(assembled(lines, policies=Policies.from_body({"tax_rounding": "line"})))

    assert paths(body) == ["taxes"]


def test_a_line_whose_category_has_no_group_is_named():
    body = sample()
    body["lines"][0] = {**body["lines"][0], "tax_code": "Z", "tax_rate": "0"}

    assert paths(body) == ["lines.a#1"]


def test_sums_that_do_not_hold_are_nobodys_fault_but_ours():
    with pytest.raises(FrozenSumsDiffer, match="BR-CO-15"):
        einvoice(read_document({**sample(), "total_minor": 1}))


@pytest.mark.parametrize("message", MESSAGES.values())
def test_every_gap_is_told_in_chinese(message):
    assert translator("zh_CN")(message) != message


@pytest.mark.parametrize("body", [sample(), sample_note()], ids=["invoice", "credit note"])
def test_the_hybrid_carries_the_very_cii(body):
    hybrid = exported(body, DocumentForm.FACTURX).content

    assert embedded(hybrid) == xml(body, DocumentForm.CII)
    assert hybrid == exported(body, DocumentForm.FACTURX).content


def test_the_hybrid_says_what_it_is():
    root = PdfReader(io.BytesIO(exported(sample(), DocumentForm.FACTURX).content)).root_object
    metadata = etree.fromstring(root["/Metadata"].get_object().get_data())
    [file] = root["/AF"]

    assert file.get_object()["/AFRelationship"] == "/Alternative"
    assert file.get_object()["/UF"] == FILE_NAME
    told = {
        etree.QName(e).localname: e.text
        for e in metadata.iter()
        if isinstance(e.tag, str) and "factur-x" in e.tag
    }
    assert told == {
        "DocumentFileName": "factur-x.xml",
        "DocumentType": "INVOICE",
        "Version": "1.0",
        "ConformanceLevel": "EN 16931",
    }
    assert len(list(metadata.iter("{*}schemas"))) == 1


def test_a_pdf_without_metadata_cannot_be_declared():
    writer, bare = PdfWriter(), io.BytesIO()
    writer.add_blank_page(595, 842)
    writer.write(bare)

    with pytest.raises(MetadataUnexpected):
        declare(bare.getvalue())
