"""Finance's export of vouchers: months, a mapping of accounts, and a file."""

from datetime import date

from litestar import Response, get, post
from litestar.di import NamedDependency

from billing.errors import VoucherMappingInvalid
from control_plane.identity.domain import Permission
from control_plane.kernel.errors import TallyardError
from web.compose import Application
from web.i18n import translate
from web.portal.forms import Submitted, refused, submitted
from web.portal.page import Page, PageRequest, language_of, page
from web.portal.reports import report_tabs
from web.portal.views.reports import VouchersView
from web.portal.views.shell import Form
from web.reports.asking import day_from
from web.reports.mapping import EXAMPLE

READ = {"permission": Permission.STAFF_FINANCE}


@get("/finance/vouchers", opt=READ, include_in_schema=False)
async def vouchers_page(request: PageRequest, application: NamedDependency[Application]) -> Page:
    """Ask for the months and the mapping."""
    return await _page(request, application, Form())


@post("/finance/vouchers", opt=READ, status_code=200, include_in_schema=False)
async def vouchers_file(
    request: PageRequest, application: NamedDependency[Application]
) -> Page | Response[bytes]:
    """Give the file, or the form with everything that is wrong."""
    form = await submitted(request)
    try:
        month = _month(application, form)
        found = await application.export_vouchers(form.one("mapping"), month, month)
    except TallyardError as error:
        again, status = refused(error, form, language_of(request))
        told = _problems(error, language_of(request))
        return await _page(request, application, again, told, status)
    name = f"vouchers-{month:%Y-%m}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(b"".join(found), media_type="text/csv", headers=headers)


def _month(application: Application, form: Submitted) -> date:
    text, today = form.one("month"), application.clock.now().date()
    return day_from(f"{text}-01" if text else None, today, field="month")


def _problems(error: TallyardError, language: str) -> tuple[str, ...]:
    if not isinstance(error, VoucherMappingInvalid):
        return ()
    return tuple(
        f"{e['line']}:{e['column']} {translate(language, e['message'], **e['fields'])}"
        for e in error.fields["errors"]  # type: ignore[attr-defined]  # as its class builds it
    )


async def _page(
    request: PageRequest,
    application: Application,
    form: Form,
    problems: tuple[str, ...] = (),
    status: int = 200,
) -> Page:
    today = application.clock.now().date()
    view = VouchersView(
        reports=report_tabs("vouchers", language_of(request)),
        month=form.value("month", f"{today:%Y-%m}"),
        mapping=form.value("mapping", EXAMPLE),
        problems=problems,
    )
    return await page(
        request,
        application,
        "finance/vouchers.html",
        "reports",
        status=status,
        view=view,
        form=form,
    )
