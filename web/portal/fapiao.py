"""Fapiao for the customer: the title, asking for one, and what became of it."""

from collections.abc import Sequence

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from billing.domain.fapiao.records import Fapiao
from billing.domain.fapiao.title import FapiaoKind, TitleKind
from billing.fapiao_port import FileForm
from billing.services.fapiao.list_fapiao_offers import FapiaoOffer
from control_plane.identity.domain import Permission, permits
from control_plane.kernel.errors import TallyardError
from control_plane.kernel.ids import format_id
from web.api.common import choice_from, principal, tenant
from web.api.fapiao import document_from, document_text, fapiao_filter, fapiao_id_from
from web.compose import Application
from web.i18n import N_, filled
from web.portal.fapiao_sheet import customer_deeds, row_of, sheet_of
from web.portal.forms import Submitted, refused, submitted
from web.portal.page import Page, PageRequest, language_of, page, see
from web.portal.views.fapiao import FapiaoPageView, OfferRow
from web.portal.views.shell import Choice, Form

READ = {"permission": Permission.INVOICE_READ}
ASK = {"permission": Permission.INVOICE_PAY}
URL = "/portal/fapiao"
PAGE_SIZE = 50
KINDS = {FapiaoKind.NORMAL: N_("Normal"), FapiaoKind.SPECIAL: N_("Special (deductible)")}
TITLE_KINDS = {TitleKind.COMPANY: N_("Company"), TitleKind.PERSONAL: N_("Person")}
TITLE_FIELDS = ("name", "tax_id", "address", "phone", "bank", "account", "email")


@get(URL, opt=READ, include_in_schema=False)
async def fapiao_page(
    request: PageRequest,
    application: NamedDependency[Application],
    after: FromQuery[str | None] = None,
) -> Page:
    """Show the title, what can be asked for, and what was."""
    return await _show(request, application, Form(), after=after)


async def _show(
    request: PageRequest,
    application: Application,
    form: Form,
    *,
    after: str | None = None,
    chosen: Sequence[str] = (),
    status: int = 200,
) -> Page:
    tenant_id, language = tenant(request), language_of(request)
    async with application.work(tenant_id):
        title = await application.get_fapiao_title(tenant_id)
        offers = await application.list_fapiao_offers(tenant_id)
        found = await application.list_fapiao(tenant_id, fapiao_filter(None, after, PAGE_SIZE))
        kind = TitleKind.COMPANY if title is None else title.kind
        view = FapiaoPageView(
            title=None if title is None else title.body(),
            offers=tuple(_offer(offer, chosen, language) for offer in offers),
            kinds=tuple(Choice(k.value, words) for k, words in KINDS.items()),
            title_kinds=tuple(Choice(k.value, w, k is kind) for k, w in TITLE_KINDS.items()),
            rows=tuple(row_of(fapiao, URL) for fapiao in found),
            after=_after(found),
            may_ask=permits(principal(request), Permission.INVOICE_PAY),
        )
        return await page(
            request,
            application,
            "portal/fapiao.html",
            "fapiao",
            status=status,
            view=view,
            form=form,
        )


def _after(found: Sequence[Fapiao]) -> str | None:
    return format_id("fap", found[-1].id) if len(found) == PAGE_SIZE else None


def _offer(offer: FapiaoOffer, chosen: Sequence[str], language: str) -> OfferRow:
    invoice_id, obstacle = document_text(offer), offer.obstacle
    words = obstacle and filled(language, obstacle.message, obstacle.fields)
    return OfferRow(
        invoice_id=invoice_id,
        topup=offer.topup,
        number=offer.number,
        dated=offer.dated,
        left=offer.left,
        obstacle=words or None,
        chosen=invoice_id in chosen,
    )


@post(f"{URL}/title", opt=ASK, status_code=303, include_in_schema=False)
async def set_title(
    request: PageRequest, application: NamedDependency[Application]
) -> Page | Redirect:
    """Keep the title."""
    form = await submitted(request)
    try:
        await application.set_fapiao_title(
            tenant_id=tenant(request),
            kind=choice_from(TitleKind, form.one("kind"), field="kind"),
            texts={name: form.one(name) for name in TITLE_FIELDS},
            actor=principal(request).actor,
        )
    except TallyardError as error:
        return await _again(request, application, error, form)
    return see(URL, done="fapiao_title")


async def _again(
    request: PageRequest, application: Application, error: TallyardError, form: Submitted
) -> Page:
    again, status = refused(error, form, language_of(request))
    chosen = form.many("invoices")
    return await _show(request, application, again, chosen=chosen, status=status)


@post(URL, opt=ASK, status_code=303, include_in_schema=False)
async def ask(request: PageRequest, application: NamedDependency[Application]) -> Page | Redirect:
    """Ask for a fapiao over the ticked invoices."""
    form = await submitted(request)
    try:
        fapiao = await application.request_fapiao(
            tenant_id=tenant(request),
            invoice_ids=[document_from(text) for text in form.many("invoices")],
            kind=choice_from(FapiaoKind, form.one("fapiao_kind"), field="fapiao_kind"),
            actor=principal(request).actor,
        )
    except TallyardError as error:
        return await _again(request, application, error, form)
    return see(f"{URL}/{format_id('fap', fapiao.id)}", done="fapiao_asked")


@get(f"{URL}/{{fapiao_id:str}}", opt=READ, include_in_schema=False)
async def fapiao_sheet(
    request: PageRequest, fapiao_id: FromPath[str], application: NamedDependency[Application]
) -> Page:
    """Show one fapiao."""
    tenant_id = tenant(request)
    async with application.work(tenant_id):
        found = await application.get_fapiao(
            tenant_id=tenant_id, fapiao_id=fapiao_id_from(fapiao_id)
        )
        may = permits(principal(request), Permission.INVOICE_PAY)
        deeds = customer_deeds(found.fapiao) if may else frozenset[str]()
        view = sheet_of(found, URL, deeds, language_of(request))
        return await page(
            request, application, "portal/fapiao_sheet.html", "fapiao", view=view, form=Form()
        )


@get(f"{URL}/{{fapiao_id:str}}/file", opt=READ, include_in_schema=False)
async def fapiao_file(
    request: PageRequest,
    fapiao_id: FromPath[str],
    application: NamedDependency[Application],
    form: FromQuery[str] = "pdf",
) -> Response[bytes]:
    """Download an issued fapiao."""
    wanted = choice_from(FileForm, form, field="form")
    number, file = await application.download_fapiao(
        tenant_id=tenant(request), fapiao_id=fapiao_id_from(fapiao_id), form=wanted
    )
    return Response(
        file.content,
        media_type=file.media_type,
        headers={"Content-Disposition": f'attachment; filename="{number}.{wanted.value}"'},
    )


@post(f"{URL}/{{fapiao_id:str}}/retry", opt=ASK, status_code=303, include_in_schema=False)
async def retry(
    request: PageRequest, fapiao_id: FromPath[str], application: NamedDependency[Application]
) -> Redirect:
    """Ask again for one that failed."""
    await application.retry_fapiao(
        tenant_id=tenant(request),
        fapiao_id=fapiao_id_from(fapiao_id),
        actor=principal(request).actor,
    )
    return see(f"{URL}/{fapiao_id}", done="fapiao_asked")


@post(f"{URL}/{{fapiao_id:str}}/withdrawal", opt=ASK, status_code=303, include_in_schema=False)
async def withdraw(
    request: PageRequest, fapiao_id: FromPath[str], application: NamedDependency[Application]
) -> Redirect:
    """Give up one that failed."""
    await application.withdraw_fapiao(
        tenant_id=tenant(request),
        fapiao_id=fapiao_id_from(fapiao_id),
        actor=principal(request).actor,
        blue_only=True,
    )
    return see(URL, done="fapiao_withdrawn")


@post(f"{URL}/{{fapiao_id:str}}/buyer-decision", opt=ASK, status_code=303, include_in_schema=False)
async def play_buyer(
    request: PageRequest, fapiao_id: FromPath[str], application: NamedDependency[Application]
) -> Redirect:
    """In a sandbox, decide in the buyer's place."""
    form = await submitted(request)
    await application.play_fapiao_buyer(
        tenant_id=tenant(request),
        fapiao_id=fapiao_id_from(fapiao_id),
        accept=form.one("accept") == "yes",
        actor=principal(request).actor,
    )
    return see(f"{URL}/{fapiao_id}", done="fapiao_decided")
