"""Finance's reports over HTTP: for finance only, in JSON, CSV and Excel."""

import io
import uuid

import openpyxl
import pytest

from control_plane.identity.domain import StaffRole
from tests.support.api import PASSWORD
from web.reports.mapping import EXAMPLE
from web.reports.words import REPORTS


@pytest.fixture
async def finance(site):
    email = "fiona@tallyard.example"
    await site.application.create_staff_user(
        email=email, password=PASSWORD, name="Fiona", staff_roles=[StaffRole.FINANCE]
    )
    async with site.client() as client:
        signed_in = await client.post("/v1/sessions", json={"email": email, "password": PASSWORD})
        client.headers["X-CSRF-Token"] = signed_in.json()["csrf_token"]
        client.headers["Cookie"] = signed_in.headers["set-cookie"].split(";")[0]
        yield client


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid.uuid4())}


@pytest.mark.parametrize("name", list(REPORTS))
async def test_every_report_answers_finance_and_nobody_else(bella, finance, name):
    path = f"/v1/staff/reports/{name}"
    answer = await finance.get(path, params={"first": "2026-01-01", "last": "2026-03-31"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["sheets"][0]["columns"]

    refused = await bella.get(path)
    assert refused.status_code == 403


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"first": "tomorrow"}, "day_invalid"),
        ({"first": "2026-02-01", "last": "2026-01-01"}, "report_span_invalid"),
        ({"by": "colour"}, "choice_invalid"),
        ({"tenant_id": "nobody"}, "not_found"),
        ({"currency": "XXX"}, "unknown_currency"),
    ],
)
async def test_what_cannot_be_read_is_refused_with_its_field(finance, asked, code):
    answer = await finance.get("/v1/staff/reports/revenue", params=asked)
    assert answer.json()["code"] == code, answer.text


async def test_a_report_over_one_organisation_is_on_its_record(finance, bella):
    span = {"first": "2026-01-01", "last": "2026-01-31", "tenant_id": bella.tenant_id}
    answer = await finance.get("/v1/staff/reports/trial-balance", params=span)
    assert answer.status_code == 200, answer.text
    exported = await finance.post(
        "/v1/staff/vouchers", json={"mapping": EXAMPLE, **span}, headers=key()
    )
    assert exported.status_code == 200, exported.text
    actions = [entry["action"] for entry in (await bella.get("/v1/audit")).json()]
    assert "report.opened_by_staff" in actions
    assert "vouchers.opened_by_staff" in actions


async def test_an_unknown_report_is_not_found(finance):
    answer = await finance.get("/v1/staff/reports/astrology")
    assert (answer.status_code, answer.json()["code"]) == (404, "report_not_found")


async def test_a_report_is_a_workbook_or_a_file_for_each_sheet(finance):
    book = await finance.get("/v1/staff/reports/receivables/files/report.xlsx")
    assert openpyxl.load_workbook(io.BytesIO(book.content)).sheetnames == [
        "Aged receivables",
        "Open invoices",
    ]
    file = await finance.get("/v1/staff/reports/receivables/files/open_invoices.csv")
    assert file.text.startswith("number,customer,date,payable_by,days_overdue,open,open_currency")
    assert "attachment" in file.headers["content-disposition"]


async def test_vouchers_are_exported_by_a_mapping_and_a_wrong_one_is_told_by_line(finance):
    span = {"first": "2026-01-01", "last": "2026-01-31"}
    answer = await finance.post(
        "/v1/staff/vouchers", json={"mapping": EXAMPLE, **span}, headers=key()
    )
    assert answer.content.decode("utf-8-sig").startswith("日期,凭证字号,摘要")

    wrong = EXAMPLE.replace("  cash:", "  till:")
    refused = await finance.post(
        "/v1/staff/vouchers", json={"mapping": wrong, **span}, headers=key()
    )
    assert refused.status_code == 400
    assert refused.json()["code"] == "voucher_mapping_invalid"


async def test_books_are_checked_and_findings_listed(finance, bella):
    checked = await finance.post(f"/v1/staff/tenants/{bella.tenant_id}/book-checks", headers=key())
    assert (checked.status_code, checked.json()) == (200, [])
    assert (await finance.get("/v1/staff/book-findings")).json() == []
    metrics = await finance.get("/metrics")
    assert "tallyard_books_findings 0.0" in metrics.text
