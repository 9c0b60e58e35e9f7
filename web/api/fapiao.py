"""Chinese VAT invoices (fapiao, 发票): the title, what can be asked for, and what was."""

from collections.abc import Sequence

import msgspec
from litestar import Response, Router, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from billing.domain.fapiao.records import Fapiao
from billing.domain.fapiao.states import FapiaoState
from billing.domain.fapiao.title import FapiaoKind, TitleKind
from billing.fapiao_bills import Document
from billing.fapiao_port import FileForm
from billing.repositories.fapiao import FapiaoFilter
from billing.services.fapiao.list_fapiao_offers import FapiaoOffer
from control_plane.identity.domain import Permission
from control_plane.kernel.errors import ErrorKind, TallyardError
from control_plane.kernel.ids import FapiaoId, TopupId, format_id
from web.api.common import ApiRequest, choice_from, id_from, principal, tenant
from web.api.fapiao_views import (
    BuyerDecision,
    FapiaoDetail,
    FapiaoOfferView,
    FapiaoRequest,
    FapiaoTitleBody,
    FapiaoView,
    fapiao_lines,
    fapiao_view,
    title_body,
)
from web.api.invoices import invoice_id_from
from web.compose import Application

READ = {"permission": Permission.INVOICE_READ}
ASK = {"permission": Permission.INVOICE_PAY}


class FapiaoTitleNotFound(TallyardError):
    """Nobody has filled in the title."""

    code = "fapiao_title_not_found"
    kind = ErrorKind.NOT_FOUND
    message = "There is no fapiao title yet."
    remedy = "Put one; a company's needs its name, its taxpayer number and an e-mail address."


def fapiao_id_from(text: str) -> FapiaoId:
    """Read a fapiao's id from an address."""
    return FapiaoId(id_from("fap", text))


def document_from(text: str) -> Document:
    """Read the id of what a fapiao is asked for: an invoice, or a top-up."""
    return TopupId(id_from("top", text)) if text.startswith("top_") else invoice_id_from(text)


def document_text(offer: FapiaoOffer) -> str:
    """Write the id that a fapiao is asked for by."""
    return format_id("top" if offer.topup else "inv", offer.document)


def fapiao_filter(states: str | None, before: str | None, limit: int) -> FapiaoFilter:
    """Read which fapiao to list: one state, or several with commas between."""
    names = [name for name in (states or "").split(",") if name]
    return FapiaoFilter(
        states=frozenset(choice_from(FapiaoState, n, field="state") for n in names) or None,
        before=fapiao_id_from(before) if before else None,
        limit=max(1, min(limit, 200)),
    )


@get("/fapiao-title", opt=READ)
async def get_fapiao_title(
    request: ApiRequest, application: NamedDependency[Application]
) -> FapiaoTitleBody:
    """Read to whom your fapiao are made out (开票信息)."""
    title = await application.get_fapiao_title(tenant(request))
    if title is None:
        raise FapiaoTitleNotFound
    return title_body(title)


@put("/fapiao-title", opt=ASK)
async def set_fapiao_title(
    request: ApiRequest,
    data: JSONBody[FapiaoTitleBody],
    application: NamedDependency[Application],
) -> FapiaoTitleBody:
    """Keep to whom your fapiao are made out; what was asked for keeps the title it had."""
    texts = msgspec.to_builtins(data)
    title = await application.set_fapiao_title(
        tenant_id=tenant(request),
        kind=choice_from(TitleKind, texts.pop("kind"), field="kind"),
        texts=texts,
        actor=principal(request).actor,
    )
    return title_body(title)


@get("/fapiao-offers", opt=READ)
async def list_fapiao_offers(
    request: ApiRequest, application: NamedDependency[Application]
) -> list[FapiaoOfferView]:
    """List your invoices that no fapiao covers, with what is left of each."""
    return [
        FapiaoOfferView(
            invoice_id=document_text(offer),
            number=offer.number,
            dated=offer.dated,
            total=offer.total.decimal_text(),
            left=offer.left.decimal_text(),
            obstacle=None if offer.obstacle is None else offer.obstacle.code,
        )
        for offer in await application.list_fapiao_offers(tenant(request))
    ]


@get("/fapiao", opt=READ)
async def list_fapiao(
    request: ApiRequest,
    application: NamedDependency[Application],
    status: FromQuery[str | None] = None,
    before: FromQuery[str | None] = None,
    limit: FromQuery[int] = 50,
) -> list[FapiaoView]:
    """List your fapiao, blue and red, newest first; ``before`` is the last id of the page."""
    found = await application.list_fapiao(tenant(request), fapiao_filter(status, before, limit))
    return [fapiao_view(fapiao) for fapiao in found]


@post("/fapiao", status_code=201, opt=ASK)
async def request_fapiao(
    request: ApiRequest,
    data: JSONBody[FapiaoRequest],
    application: NamedDependency[Application],
) -> FapiaoView:
    """Ask for a fapiao over one invoice, or over several merged; it is issued soon, not at once."""
    fapiao = await application.request_fapiao(
        tenant_id=tenant(request),
        invoice_ids=[document_from(text) for text in data.invoice_ids],
        kind=choice_from(FapiaoKind, data.kind, field="kind"),
        actor=principal(request).actor,
    )
    return fapiao_view(fapiao)


@get("/fapiao/{fapiao_id:str}", opt=READ)
async def get_fapiao(
    request: ApiRequest, fapiao_id: FromPath[str], application: NamedDependency[Application]
) -> FapiaoDetail:
    """Read one fapiao with its lines."""
    found = await application.get_fapiao(
        tenant_id=tenant(request), fapiao_id=fapiao_id_from(fapiao_id)
    )
    return FapiaoDetail(fapiao_view(found.fapiao), fapiao_lines(found.fapiao), _views(found.reds))


def _views(found: Sequence[Fapiao]) -> list[FapiaoView]:
    return [fapiao_view(fapiao) for fapiao in found]


@get("/fapiao/{fapiao_id:str}/file", opt=READ, media_type="application/octet-stream")
async def download_fapiao(
    request: ApiRequest,
    fapiao_id: FromPath[str],
    application: NamedDependency[Application],
    form: FromQuery[str] = "pdf",
) -> Response[bytes]:
    """Download an issued fapiao as ``pdf``, ``xml`` or ``ofd``."""
    wanted = choice_from(FileForm, form, field="form")
    number, file = await application.download_fapiao(
        tenant_id=tenant(request), fapiao_id=fapiao_id_from(fapiao_id), form=wanted
    )
    return Response(
        file.content,
        media_type=file.media_type,
        headers={"Content-Disposition": f'attachment; filename="{number}.{wanted.value}"'},
    )


@post("/fapiao/{fapiao_id:str}/retries", status_code=200, opt=ASK)
async def retry_fapiao(
    request: ApiRequest, fapiao_id: FromPath[str], application: NamedDependency[Application]
) -> FapiaoView:
    """Ask again for a fapiao that failed, with the title and over the amounts of now."""
    fapiao = await application.retry_fapiao(
        tenant_id=tenant(request),
        fapiao_id=fapiao_id_from(fapiao_id),
        actor=principal(request).actor,
    )
    return fapiao_view(fapiao)


@post("/fapiao/{fapiao_id:str}/withdrawal", status_code=200, opt=ASK)
async def withdraw_fapiao(
    request: ApiRequest, fapiao_id: FromPath[str], application: NamedDependency[Application]
) -> FapiaoView:
    """Give up a blue fapiao that failed, so that its invoices can be asked for otherwise."""
    fapiao = await application.withdraw_fapiao(
        tenant_id=tenant(request),
        fapiao_id=fapiao_id_from(fapiao_id),
        actor=principal(request).actor,
        blue_only=True,
    )
    return fapiao_view(fapiao)


@post("/fapiao/{fapiao_id:str}/buyer-decision", status_code=200, opt=ASK)
async def play_fapiao_buyer(
    request: ApiRequest,
    fapiao_id: FromPath[str],
    data: JSONBody[BuyerDecision],
    application: NamedDependency[Application],
) -> FapiaoView:
    """In a sandbox: confirm or refuse a red confirmation sheet in the buyer's place."""
    tenant_id, wanted = tenant(request), fapiao_id_from(fapiao_id)
    await application.play_fapiao_buyer(
        tenant_id=tenant_id, fapiao_id=wanted, accept=data.accept, actor=principal(request).actor
    )
    found = await application.get_fapiao(tenant_id=tenant_id, fapiao_id=wanted)
    return fapiao_view(found.fapiao)


router = Router(
    "/v1",
    tags=["Fapiao"],
    route_handlers=[
        get_fapiao_title,
        set_fapiao_title,
        list_fapiao_offers,
        list_fapiao,
        request_fapiao,
        get_fapiao,
        download_fapiao,
        retry_fapiao,
        withdraw_fapiao,
        play_fapiao_buyer,
    ],
)
