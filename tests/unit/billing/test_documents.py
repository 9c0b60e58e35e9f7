"""Invoices for people: explanations and PDF, in English and Chinese."""

import io
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from pypdf import PdfReader

from billing.documents.invoice_pdf import WORDS, amount_text, render_pdf
from billing.domain.due import due_lines
from billing.domain.explain import MESSAGES, explain_lines
from billing.domain.invoice import Heading, Party, invoice_body, invoice_total
from billing.domain.rating import Measured, rate
from billing.domain.records import InvoiceState, InvoiceSummary, StoredInvoice
from billing.messages import translator
from control_plane.kernel.calendar import Interval
from control_plane.kernel.canonical import canonical_json, sha256_hex
from control_plane.kernel.ids import InvoiceId, TenantId, new_id
from control_plane.kernel.money import Money
from control_plane.subscriptions.domain import ChangePlan
from tests.support.billing import CNY, LINES, SCALE, SHANGHAI, VERSIONS, at, changed, started

START = at("2026-01-10T02:00:00")
CHANGED = at("2026-01-25T06:00:00")


def invoice(copies: int = 1) -> StoredInvoice:
    """An upgrade at mid-period: usage, credit and charge, its lines repeated."""
    timeline = changed(started(START), ChangePlan(SCALE.id, Interval.MONTH), CHANGED)
    due = due_lines(timeline, VERSIONS, since=CHANGED, upto=CHANGED)
    measured = Measured(LINES, Decimal(7234), 512, "00" * 32)
    lines = [rate(line, measured if line.usage else None) for line in due] * copies
    tenant = TenantId(new_id())
    heading = Heading(
        number="TY-2026-000042",
        tenant_id=tenant,
        seller=Party("Tallyard", "live"),
        buyer=Party("贝拉披萨", "bella"),
        currency=CNY,
        zone=SHANGHAI,
        due_at=CHANGED,
        part=0,
    )
    body = canonical_json(invoice_body(heading, lines))
    summary = InvoiceSummary(
        tenant_id=tenant,
        id=InvoiceId(new_id()),
        number=heading.number,
        due_at=CHANGED,
        dated=heading.dated,
        payable_by=heading.payable_by,
        total=invoice_total(lines, CNY),
        state=InvoiceState.ISSUED,
        issued_at=CHANGED,
        paid_at=None,
    )
    return StoredInvoice(summary, body, sha256_hex(body), b"{}")


def pages(pdf: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages]


def test_the_pdf_shows_number_parties_lines_and_total():
    [page] = pages(render_pdf(invoice(), "en"))

    for shown in ("TY-2026-000042", "贝拉披萨", "CNY 1,320.25", "7,234 lines", "1,031.74"):
        assert shown in page


def test_the_pdf_speaks_chinese():
    [page] = pages(render_pdf(invoice(), "zh_CN"))

    for shown in ("账单", "合计", "出库行", "请于 2026 年 2 月 8 日前付款"):
        assert shown.replace(" ", "") in page.replace(" ", "")


def test_a_long_invoice_runs_over_several_numbered_a4_pages():
    reader = PdfReader(io.BytesIO(render_pdf(invoice(20), "en")))

    assert len(reader.pages) > 2
    width, height = reader.pages[0].mediabox[2:]
    assert (round(float(width)), round(float(height))) == (595, 842)
    texts = [page.extract_text() for page in reader.pages]
    assert all(f"{n} / {len(texts)}" in text for n, text in enumerate(texts, start=1))
    assert all("Quantity" in text for text in texts[:-1])


def test_the_same_invoice_gives_the_same_document():
    stored = invoice()

    assert render_pdf(stored, "en") == render_pdf(stored, "en")


def test_a_paid_invoice_says_so():
    stored = invoice()
    paid = replace(
        stored.summary, state=InvoiceState.PAID, paid_at=datetime(2026, 1, 31, 20, tzinfo=UTC)
    )

    [page] = pages(render_pdf(replace(stored, summary=paid), "en"))

    assert "Paid on February 1, 2026" in page


def test_every_step_of_a_line_is_explained_with_its_values():
    usage, credit, charge = explain_lines(invoice().content, "en", translator("en"))

    assert [step.text for step in usage.steps] == [
        "Measured: 7,234 lines; events: 512.",
        "Included: ≈967.741935 (2,000 by 15 of 31 days). Left to be charged: ≈6,266.258065.",
        "Tier 1, above 0 up to 5,000: 5,000 at 0.05 each, 250.",
        "Tier 2, above 5,000: ≈1,266.258065 at 0.03 each, ≈37.987742.",
        "Rounded once, half away from zero: ≈287.987742 becomes 287.99.",
    ]
    assert usage.steps[1].values["included"] == "30000/31"
    assert [step.kind for step in credit.steps] == ["credit", "prorated", "rounded"]
    assert (credit.amount_minor, charge.amount_minor) == (-103174, 206400)
    assert (credit.first_day, credit.last_day) == ("2026-01-25", "2026-02-09")


def test_explanations_speak_chinese():
    usage, *_ = explain_lines(invoice().content, "zh_CN", translator("zh_CN"))

    assert usage.title.startswith("Growth 中文")
    assert usage.steps[0].text == "计量：7,234 行，事件 512 条。"


@pytest.mark.parametrize("message", [*MESSAGES.values(), *WORDS.values()])
def test_every_word_has_a_chinese_form(message):
    translated = translator("zh_CN")(message)

    assert translated != message or message == "SHA-256"


def test_amounts_are_grouped():
    assert amount_text(Money(-123456789, CNY)) == "\N{MINUS SIGN}1,234,567.89"
    assert amount_text(Money(5, CNY), with_code=True) == "CNY 0.05"


def test_an_invoice_is_dated_by_the_local_day_it_fell_due():
    late_evening = at("2026-01-31T17:00:00")
    heading = Heading(
        number="",
        tenant_id=TenantId(new_id()),
        seller=Party("", ""),
        buyer=Party("", ""),
        currency=CNY,
        zone=SHANGHAI,
        due_at=late_evening,
        part=0,
    )

    assert heading.dated == date(2026, 2, 1)
