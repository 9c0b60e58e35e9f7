"""Reports of finance, vouchers, and the checks of the books. Read over all tenants."""

from datetime import date, datetime
from typing import Any

import msgspec
from litestar import MediaType, Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response import Stream

from billing.domain.reports.sheet import Cell, ColumnKind, Sheet
from billing.reporting.sheet_csv import percentage, sheet_csv
from billing.reporting.sheet_excel import sheet_excel
from billing.repositories.revenue import Scope
from billing.services.revenue.reports.asked import Asked
from control_plane.identity.domain import Permission
from control_plane.kernel.ids import TenantId, format_id
from control_plane.kernel.money import Money
from web.api.common import ApiRequest, id_from
from web.compose import Application
from web.openings import opened_by_staff
from web.reports.asking import asked_from
from web.reports.running import run_for_staff
from web.reports.words import speaker

FINANCE = {"permission": Permission.STAFF_FINANCE}
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class ColumnView(msgspec.Struct):
    """A column by its key, and how its cells are written: money, day, month, ratio, text."""

    key: str
    kind: str


class SheetView(msgspec.Struct):
    """One table. Amounts are objects of ``amount`` (major units) and ``currency``."""

    code: str
    columns: list[ColumnView]
    rows: list[list[Any]]
    sums: list[list[Any]]


class ReportView(msgspec.Struct):
    """A report: its span, both days included, and its sheets."""

    name: str
    first: date
    last: date
    sheets: list[SheetView]


class VouchersRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Whole months of postings, in the words of a chart of accounts (a mapping in YAML)."""

    mapping: str
    first: date
    last: date
    tenant_id: str | None = None


class StandingFinding(msgspec.Struct):
    """A rule of the books that is broken, whose, where, and since which check."""

    tenant_id: str
    rule: str
    where: list[str]
    found_at: datetime


@get("/reports/{name:str}", opt=FINANCE)
async def read_report(
    request: ApiRequest,
    name: FromPath[str],
    application: NamedDependency[Application],
    first: FromQuery[str | None] = None,
    last: FromQuery[str | None] = None,
    tenant_id: FromQuery[str | None] = None,
    entity: FromQuery[str | None] = None,
    currency: FromQuery[str | None] = None,
    by: FromQuery[str | None] = None,
    account: FromQuery[str | None] = None,
) -> ReportView:
    """Run a report over a span of days; without a tenant it is over all live ones.

    The reports are trial-balance, general-ledger, receivables, revenue, deferred, taxes and mrr.
    """
    del first, last, tenant_id, entity, currency, by, account
    asked = asked_from(dict(request.query_params), application.clock.now().date())
    sheets = await run_for_staff(request, application, name, asked)
    return ReportView(name, asked.first, asked.last, [_sheet(sheet) for sheet in sheets])


@get("/reports/{name:str}/files/{file:str}", opt=FINANCE, media_type=MediaType.TEXT)
async def read_report_file(
    request: ApiRequest,
    name: FromPath[str],
    file: FromPath[str],
    application: NamedDependency[Application],
    first: FromQuery[str | None] = None,
    last: FromQuery[str | None] = None,
    tenant_id: FromQuery[str | None] = None,
    entity: FromQuery[str | None] = None,
    currency: FromQuery[str | None] = None,
    by: FromQuery[str | None] = None,
    account: FromQuery[str | None] = None,
) -> Response[bytes] | Stream:
    """Download a report: all of it as ``report.xlsx``, or one sheet as ``<code>.csv``."""
    del first, last, tenant_id, entity, currency, by, account
    said = dict(request.query_params)
    asked = asked_from(said, application.clock.now().date())
    sheets = await run_for_staff(request, application, name, asked)
    return report_file(sheets, asked, name, file, language="en")


def report_file(
    sheets: list[Sheet], asked: Asked, name: str, file: str, *, language: str
) -> Response[bytes] | Stream:
    """Answer with a report as a workbook, or with one of its sheets as CSV."""
    headers = {"Content-Disposition": f'attachment; filename="{name}-{asked.last}-{file}"'}
    if file.endswith(".xlsx"):
        book = sheet_excel(sheets, speaker(language))
        return Response(book, media_type=EXCEL, headers=headers)
    wanted = file.removesuffix(".csv")
    sheet = next((s for s in sheets if s.code == wanted), sheets[0])
    return Stream(sheet_csv(sheet), media_type="text/csv; charset=utf-8", headers=headers)


@post("/vouchers", opt=FINANCE, status_code=200, media_type=MediaType.TEXT)
async def export_vouchers(
    request: ApiRequest,
    data: JSONBody[VouchersRequest],
    application: NamedDependency[Application],
) -> Stream:
    """Export whole months of postings as accounting vouchers (CSV), by a mapping of accounts."""
    owner = TenantId(id_from("ten", data.tenant_id)) if data.tenant_id else None
    export, span = application.export_vouchers, (data.first, data.last)
    if owner is None:
        found = await export(data.mapping, *span)
    else:
        async with opened_by_staff(request, application, owner, "vouchers"):
            await application.read_organisation(owner)
            found = await export(data.mapping, *span, Scope(tenant_id=owner))
    headers = {"Content-Disposition": 'attachment; filename="vouchers.csv"'}
    return Stream(found, media_type="text/csv", headers=headers)


@get("/book-findings", opt=FINANCE)
async def list_findings(application: NamedDependency[Application]) -> list[StandingFinding]:
    """List what the daily check of the books found broken and not mended yet."""
    return [
        StandingFinding(format_id("ten", f.tenant_id), f.rule, list(f.places), f.found_at)
        for f in await application.list_findings()
    ]


@post("/tenants/{tenant_id:str}/book-checks", status_code=200, opt={**FINANCE, "staff": True})
async def audit_books(
    tenant_id: FromPath[str], application: NamedDependency[Application]
) -> list[StandingFinding]:
    """Check a tenant's books now, keep what is found, and return what is broken."""
    owner = TenantId(id_from("ten", tenant_id))
    await application.read_organisation(owner)
    now = application.clock.now()
    return [
        StandingFinding(format_id("ten", owner), f.rule, list(f.where), now)
        for f in await application.audit_books(owner)
    ]


def _sheet(sheet: Sheet) -> SheetView:
    kinds = [column.kind for column in sheet.columns]
    return SheetView(
        code=sheet.code,
        columns=[ColumnView(column.key, column.kind.value) for column in sheet.columns],
        rows=[[_cell(k, c) for k, c in zip(kinds, row, strict=True)] for row in sheet.rows],
        sums=[[_cell(k, c) for k, c in zip(kinds, row, strict=True)] for row in sheet.sums],
    )


def _cell(kind: ColumnKind, cell: Cell) -> Any:
    if isinstance(cell, Money):
        return {"amount": cell.decimal_text(), "currency": cell.currency.code}
    if cell is None or isinstance(cell, str | int):
        return cell
    if isinstance(cell, date):
        return f"{cell:%Y-%m}" if kind is ColumnKind.MONTH else cell.isoformat()
    return percentage(cell)


router = Router(
    "/v1/staff",
    tags=["Staff"],
    route_handlers=[read_report, read_report_file, export_vouchers, list_findings, audit_books],
)
