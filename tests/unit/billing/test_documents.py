"""Invoices explained, in English and Chinese."""

from datetime import date
from decimal import Decimal

import pytest

from billing.domain.due import due_lines
from billing.domain.explain import MESSAGES, explain_lines
from billing.domain.invoice import Heading, Party, invoice_body, invoice_total
from billing.domain.rating import Measured, rate
from billing.domain.records import InvoiceState, InvoiceSummary, StoredInvoice
from billing.messages import translator
from control_plane.kernel.calendar import Interval
from control_plane.kernel.canonical import canonical_json, sha256_hex
from control_plane.kernel.ids import InvoiceId, TenantId, new_id
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


@pytest.mark.parametrize("message", MESSAGES.values())
def test_every_word_has_a_chinese_form(message):
    translated = translator("zh_CN")(message)

    assert translated != message


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
