"""Finance's backtest: a catalogue tried over the history there really was. Nothing is kept."""

from datetime import date
from typing import Final

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.response import Stream

from billing.domain.whatif.backtest import Backtest, days_in
from billing.domain.whatif.errors import HistoryEmpty
from billing.reporting.backtest_sheets import backtest_sheets
from billing.reporting.sheet_csv import sheet_csv
from billing.reporting.sheet_excel import sheet_excel
from control_plane.catalog.errors import CatalogInvalid
from control_plane.identity.domain import Permission
from control_plane.kernel.errors import TallyardError
from control_plane.kernel.period import Period
from control_plane.kernel.zones import UnknownZone, zone_names
from web.api.staff_reports import EXCEL
from web.compose import Application
from web.i18n import translate
from web.patience import as_long_as_a_request_may
from web.portal.backtest_result import backtest_result
from web.portal.forms import Submitted, refused, submitted
from web.portal.page import Page, PageRequest, language_of, page
from web.portal.views.shell import Form
from web.portal.views.whatif import BacktestResult, BacktestView
from web.reports.asking import DayInvalid
from web.reports.words import speaker

READ = {"permission": Permission.STAFF_FINANCE}
ASK = {"permission": Permission.STAFF_FINANCE, "idempotent": False}
ZONE: Final = "Asia/Shanghai"


@get("/finance/backtest", opt=READ, include_in_schema=False)
async def backtest_page(request: PageRequest, application: NamedDependency[Application]) -> Page:
    """Ask for a catalogue and days."""
    return await _page(request, application, Form())


@post("/finance/backtest", opt=ASK, status_code=200, include_in_schema=False)
async def run(
    request: PageRequest, application: NamedDependency[Application]
) -> Page | Response[bytes] | Stream:
    """Show what the catalogue would have brought, or give it as a file (``answer``)."""
    form, language = await submitted(request), language_of(request)
    try:
        found = await _found(application, form)
    except TallyardError as error:
        again, status = refused(error, form, language)
        told = _problems(error, language)
        return await _page(request, application, again, problems=told, status=status)
    if form.one("answer") in {"csv", "xlsx"}:
        return _file(found, form, language)
    result = backtest_result(found, _day(form, "first"), _day(form, "last"), language)
    return await _page(request, application, Form(form.shown_again), result=result)


async def _found(application: Application, form: Submitted) -> Backtest:
    period = _period(form)
    sandboxes = bool(form.one("sandboxes"))
    async with as_long_as_a_request_may("tallyard backtest"):
        return await application.run_backtest(form.one("catalog"), period, sandboxes=sandboxes)


def _period(form: Submitted) -> Period:
    """Read the days asked for.

    Raises:
        DayInvalid, DayOutOfReach, HistoryEmpty, UnknownZone: a field is wrong, named by ``field``.
    """
    first, last = _day(form, "first"), _day(form, "last")
    if last < first:
        raise HistoryEmpty(start=first.isoformat(), end=last.isoformat(), field="last")
    zone = form.one("zone") or ZONE
    if zone not in zone_names():
        raise UnknownZone(zone=zone, field="zone")
    return days_in(first, last, zone)


def _day(form: Submitted, name: str) -> date:
    try:
        return date.fromisoformat(form.one(name))
    except ValueError as error:
        raise DayInvalid(value=form.one(name), field=name) from error


def _problems(error: TallyardError, language: str) -> tuple[str, ...]:
    if not isinstance(error, CatalogInvalid):
        return ()
    return tuple(
        f"{p['line']}:{p['column']} {p['path']} " + translate(language, p["message"], **p["fields"])
        for p in error.fields["errors"]  # type: ignore[attr-defined]  # as its class builds it
    )


def _file(found: Backtest, form: Submitted, language: str) -> Response[bytes] | Stream:
    name, sheets = f"backtest-{form.one('first')}-{form.one('last')}", backtest_sheets(found)
    if form.one("answer") == "csv":
        headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
        return Stream(sheet_csv(sheets[1]), media_type="text/csv; charset=utf-8", headers=headers)
    headers = {"Content-Disposition": f'attachment; filename="{name}.xlsx"'}
    return Response(sheet_excel(sheets, speaker(language)), media_type=EXCEL, headers=headers)


async def _page(
    request: PageRequest,
    application: Application,
    form: Form,
    *,
    problems: tuple[str, ...] = (),
    result: BacktestResult | None = None,
    status: int = 200,
) -> Page:
    view = BacktestView(
        zones=tuple(sorted(zone_names())),
        sandboxes=bool(form.value("sandboxes")),
        problems=problems,
        result=result,
    )
    return await page(
        request,
        application,
        "finance/backtest.html",
        "finance_backtest",
        status=status,
        view=view,
        form=form,
    )
