"""Fapiao for finance: the queue over all organisations, and what only finance decides."""

from collections.abc import Awaitable, Callable
from typing import Final

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from billing.domain.fapiao.records import Fapiao
from control_plane.identity.domain import Permission
from control_plane.kernel.errors import TallyardError
from control_plane.kernel.ids import FapiaoId, TenantId, format_id
from web.api.common import id_from, principal
from web.api.fapiao import fapiao_filter, fapiao_id_from
from web.compose import Application
from web.i18n import N_
from web.openings import opened_by_staff
from web.portal.fapiao_sheet import finance_deeds, row_of, sheet_of
from web.portal.forms import Submitted, refused, submitted
from web.portal.page import Page, PageRequest, language_of, page, query, see
from web.portal.views.fapiao import FapiaoQueueView
from web.portal.views.shell import Choice, Form

READ = {"permission": Permission.STAFF_FINANCE}
ONE = {**READ, "staff": True}
URL = "/finance/fapiao"
PAGE_SIZE: Final = 50
_FILTERS: Final = {
    "": (N_("All"), None),
    "waiting": (N_("Under way"), "requested,submitted,awaiting_buyer,confirmed"),
    "stopped": (N_("Failed or refused"), "failed,refused"),
    "issued": (N_("Issued"), "issued"),
}
Deed = Callable[[TenantId, FapiaoId, str], Awaitable[Fapiao]]


@get(URL, opt=READ, include_in_schema=False)
async def queue_page(
    request: PageRequest,
    application: NamedDependency[Application],
    after: FromQuery[str | None] = None,
) -> Page:
    """List fapiao over all organisations."""
    asked = request.query_params.get("show", "")
    asked = asked if asked in _FILTERS else ""
    wanted = fapiao_filter(_FILTERS[asked][1], after, PAGE_SIZE)
    found = await application.list_all_fapiao(wanted)
    rows = tuple(
        row_of(
            entry.fapiao,
            f"{URL}/{format_id('ten', entry.fapiao.tenant_id)}",
            customer=entry.customer,
            sandbox=entry.sandbox,
        )
        for entry in found
    )
    onward = rows[-1].fapiao_id if len(rows) == PAGE_SIZE else None
    view = FapiaoQueueView(
        filters=tuple(Choice(key, words, key == asked) for key, (words, _) in _FILTERS.items()),
        rows=rows,
        after=query(URL, {"show": asked, "after": onward}) if onward else None,
    )
    return await page(request, application, "finance/fapiao.html", "finance_fapiao", view=view)


@get(f"{URL}/{{tenant_id:str}}/{{fapiao_id:str}}", opt=ONE, include_in_schema=False)
async def sheet_page(
    request: PageRequest,
    tenant_id: FromPath[str],
    fapiao_id: FromPath[str],
    application: NamedDependency[Application],
) -> Page:
    """Show one fapiao, and record in its organisation's audit trail that it was opened."""
    return await _sheet(request, application, tenant_id, fapiao_id, Form())


async def _sheet(
    request: PageRequest,
    application: Application,
    tenant_id: str,
    fapiao_id: str,
    form: Form,
    status: int = 200,
) -> Page:
    owner, wanted = TenantId(id_from("ten", tenant_id)), fapiao_id_from(fapiao_id)
    async with opened_by_staff(request, application, owner, "fapiao", fapiao_id):
        found = await application.get_fapiao(tenant_id=owner, fapiao_id=wanted)
        deeds = finance_deeds(found.fapiao)
        view = sheet_of(found, f"{URL}/{tenant_id}", deeds, language_of(request))
        return await page(
            request,
            application,
            "finance/fapiao_sheet.html",
            "finance_fapiao",
            status=status,
            view=view,
            form=form,
        )


@post(
    f"{URL}/{{tenant_id:str}}/{{fapiao_id:str}}",
    opt=ONE,
    status_code=303,
    include_in_schema=False,
)
async def decide(
    request: PageRequest,
    tenant_id: FromPath[str],
    fapiao_id: FromPath[str],
    application: NamedDependency[Application],
) -> Page | Redirect:
    """Do what the pressed button says: record, refuse, retry, withdraw or reverse."""
    form = await submitted(request)
    owner, wanted = TenantId(id_from("ten", tenant_id)), fapiao_id_from(fapiao_id)
    try:
        await _deed(application, form)(owner, wanted, principal(request).actor)
    except TallyardError as error:
        again, status = refused(error, form, language_of(request))
        return await _sheet(request, application, tenant_id, fapiao_id, again, status)
    return see(f"{URL}/{tenant_id}/{fapiao_id}", done="fapiao_decided")


def _deed(application: Application, form: Submitted) -> Deed:
    def number(owner: TenantId, wanted: FapiaoId, actor: str) -> Awaitable[Fapiao]:
        return application.record_fapiao.issued(
            tenant_id=owner, fapiao_id=wanted, number=form.one("number"), actor=actor
        )

    def refusal(owner: TenantId, wanted: FapiaoId, actor: str) -> Awaitable[Fapiao]:
        return application.record_fapiao.refused(
            tenant_id=owner, fapiao_id=wanted, reason=form.one("reason"), actor=actor
        )

    def withdrawal(owner: TenantId, wanted: FapiaoId, actor: str) -> Awaitable[Fapiao]:
        return application.withdraw_fapiao(tenant_id=owner, fapiao_id=wanted, actor=actor)

    def reversal(owner: TenantId, wanted: FapiaoId, actor: str) -> Awaitable[Fapiao]:
        return application.reverse_fapiao(tenant_id=owner, fapiao_id=wanted, actor=actor)

    def retrial(owner: TenantId, wanted: FapiaoId, actor: str) -> Awaitable[Fapiao]:
        return application.retry_fapiao(tenant_id=owner, fapiao_id=wanted, actor=actor)

    deeds: dict[str, Deed] = {
        "number": number,
        "refusal": refusal,
        "withdrawal": withdrawal,
        "reversal": reversal,
    }
    return deeds.get(form.one("deed"), retrial)
