"""Finance's reports: one page each, with charts, tables and files."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from babel.dates import format_skeleton
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, Stream

from billing.domain.ledger import Account
from billing.domain.reports.sheet import Cell, Sheet
from billing.services.revenue.reports.asked import Asked, Grouping
from control_plane.identity.domain import Permission
from web.api.staff_reports import report_file
from web.compose import Application
from web.i18n import LOCALES, N_, translate
from web.portal.customer_choices import customer_choices, more_customers
from web.portal.page import Page, PageRequest, language_of, page, query, see
from web.portal.report_charts import report_charts
from web.portal.views.reports import ReportView, SheetView
from web.portal.views.shell import Choice, Form
from web.reports.asking import ASKED, asked_from
from web.reports.running import run_for_staff
from web.reports.words import REPORTS, speaker

READ = {"permission": Permission.STAFF_FINANCE}
SHOWN_ROWS = 200
_AT_A_DAY = {"trial-balance", "receivables"}


@get("/finance/reports", opt=READ, include_in_schema=False)
async def reports_page() -> Redirect:
    """Open the first report."""
    return see(f"/finance/reports/{next(iter(REPORTS))}")


@get("/finance/reports/{name:str}", opt=READ, include_in_schema=False)
async def report_page(
    request: PageRequest, name: FromPath[str], application: NamedDependency[Application]
) -> Page:
    """Show one report over the span and the organisation asked for."""
    language = language_of(request)
    said = _said(request)
    asked = asked_from(said, application.clock.now().date())
    sheets = await run_for_staff(request, application, name, asked)
    tenants = await customer_choices(application, asked.scope.tenant_id, language)
    title, lead = REPORTS[name]
    view = ReportView(
        name=name,
        title=translate(language, title),
        lead=translate(language, lead),
        reports=report_tabs(name, language),
        first=None if name in _AT_A_DAY else asked.first,
        last=asked.last,
        tenants=tenants,
        more_tenants=more_customers(tenants, language),
        groupings=_groupings(asked, language) if name == "revenue" else (),
        accounts=_accounts(asked, language) if name == "general-ledger" else (),
        sheets=tuple(
            sheet_view(name, sheet, {**said, "at": request.query_params.get("at")}, language)
            for sheet in sheets
        ),
        excel_url=query(f"/finance/reports/{name}/files/report.xlsx", said),
    )
    return await page(
        request, application, "finance/report.html", "reports", view=view, form=Form()
    )


@get("/finance/reports/{name:str}/files/{file:str}", opt=READ, include_in_schema=False)
async def report_download(
    request: PageRequest,
    name: FromPath[str],
    file: FromPath[str],
    application: NamedDependency[Application],
) -> Response[bytes] | Stream:
    """Download a report as a workbook, or one of its tables as CSV."""
    asked = asked_from(_said(request), application.clock.now().date())
    sheets = await run_for_staff(request, application, name, asked)
    return report_file(sheets, asked, name, file, language=language_of(request))


def report_tabs(name: str, language: str) -> tuple[Choice, ...]:
    """Return every report as a tab, and the vouchers."""
    tabs = [
        Choice(f"/finance/reports/{key}", translate(language, title), key == name)
        for key, (title, _) in REPORTS.items()
    ]
    vouchers = translate(language, N_("Vouchers"))
    return (*tabs, Choice("/finance/vouchers", vouchers, name == "vouchers"))


def _said(request: PageRequest) -> dict[str, Any]:
    return {name: request.query_params.get(name) for name in ASKED}


def _groupings(asked: Asked, language: str) -> tuple[Choice, ...]:
    word = speaker(language)
    return tuple(Choice(by.value, word(by.value), by is asked.by) for by in Grouping)


def _accounts(asked: Asked, language: str) -> tuple[Choice, ...]:
    word = speaker(language)
    return tuple(Choice(a.value, word(a.value), a is asked.account) for a in Account)


def sheet_view(name: str, sheet: Sheet, said: Mapping[str, str | None], language: str) -> SheetView:
    """Show a page of a report's table: the one that ``at`` (``code~row``) names, or the first."""
    word = speaker(language)

    def label(cell: Cell) -> str:
        if isinstance(cell, date):
            skeleton = "yMMM" if cell.month == 1 else "MMM"
            return str(format_skeleton(skeleton, cell, locale=LOCALES[language]))
        return str(cell)

    start = _start(sheet, said.get("at"))
    shown = sheet.rows[start : start + SHOWN_ROWS]

    def page_at(place: int) -> str | None:
        if not 0 <= place < len(sheet.rows):
            return None
        address = query(f"/finance/reports/{name}", {**said, "at": f"{sheet.code}~{place}"})
        return f"{address}#sheet-{sheet.code}"

    return SheetView(
        code=sheet.code,
        title=word(sheet.code),
        columns=tuple((column, word(column.key)) for column in sheet.columns),
        rows=tuple(
            tuple(
                word(cell) if column.kind == "code" and isinstance(cell, str) else cell
                for column, cell in zip(sheet.columns, row, strict=True)
            )
            for row in shown
        ),
        sums=sheet.sums,
        charts=report_charts(sheet, label, word),
        csv_url=query(
            f"/finance/reports/{name}/files/{sheet.code}.csv", {n: said.get(n) for n in ASKED}
        ),
        shown=(start + 1, start + len(shown)),
        total=len(sheet.rows),
        previous_url=page_at(start - SHOWN_ROWS),
        next_url=page_at(start + SHOWN_ROWS),
    )


def _start(sheet: Sheet, at: str | None) -> int:
    """Read from which row on a sheet is shown: a whole number of pages, the first by default."""
    code, _, place = (at or "").partition("~")
    if code != sheet.code or not place.isascii() or not place.isdigit() or len(place) > 9:  # noqa: PLR2004 - more rows than any report has
        return 0
    start = int(place) // SHOWN_ROWS * SHOWN_ROWS
    return start if start < len(sheet.rows) else 0
