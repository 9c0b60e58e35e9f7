"""Credits and balance: wallets, top-ups, promotional credits, coupons."""

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from control_plane.identity.domain import Permission, permits
from control_plane.kernel.currency import currency
from control_plane.kernel.errors import TallyardError
from control_plane.kernel.money import Money
from web.api.common import principal, tenant
from web.api.discounts import topup_id_from, wallet_id_from
from web.api.documents import file_response
from web.compose import Application
from web.portal.discount_rows import balance_view
from web.portal.fields import amount_of
from web.portal.forms import Submitted, refused, submitted
from web.portal.page import Page, PageRequest, language_of, page, see
from web.portal.views.shell import Form

READ = {"permission": Permission.INVOICE_READ}
PAY = {"permission": Permission.INVOICE_PAY}
URL = "/portal/balance"


@get(URL, opt=READ, include_in_schema=False)
async def balance_page(request: PageRequest, application: NamedDependency[Application]) -> Page:
    """Show everything that lowers or settles invoices."""
    return await _show(request, application, Form())


async def _show(
    request: PageRequest, application: Application, form: Form, status: int = 200
) -> Page:
    tenant_id = tenant(request)
    async with application.work(tenant_id):
        organisation = await application.read_organisation(tenant_id)
        held = await application.list_discounts(tenant_id)
        view = balance_view(
            held,
            language_of(request),
            organisation.currency,
            may_pay=permits(principal(request), Permission.INVOICE_PAY),
            card=await application.request_topup_charge.card(tenant_id),
        )
        return await page(
            request,
            application,
            "portal/balance.html",
            "balance",
            status=status,
            view=view,
            form=form,
        )


async def _again(
    request: PageRequest, application: Application, error: TallyardError, form: Submitted
) -> Page:
    again, status = refused(error, form, language_of(request))
    return await _show(request, application, again, status)


@post(f"{URL}/coupons", opt=PAY, status_code=303, include_in_schema=False)
async def redeem(
    request: PageRequest, application: NamedDependency[Application]
) -> Page | Redirect:
    """Redeem a coupon by its code."""
    form = await submitted(request)
    try:
        await application.redeem_coupon(
            tenant_id=tenant(request), code=form.one("code"), actor=principal(request).actor
        )
    except TallyardError as error:
        return await _again(request, application, error, form)
    return see(URL, done="redeemed")


@post(f"{URL}/wallets", opt=PAY, status_code=303, include_in_schema=False)
async def open_wallet(
    request: PageRequest, application: NamedDependency[Application]
) -> Page | Redirect:
    """Open a wallet."""
    form = await submitted(request)
    try:
        await application.open_wallet(
            tenant_id=tenant(request),
            name=form.one("name"),
            currency=currency(form.one("currency")),
            actor=principal(request).actor,
        )
    except TallyardError as error:
        return await _again(request, application, error, form)
    return see(URL, done="wallet")


@post(
    f"{URL}/wallets/{{wallet_id:str}}/automatic", opt=PAY, status_code=303, include_in_schema=False
)
async def set_automatic(
    request: PageRequest, wallet_id: FromPath[str], application: NamedDependency[Application]
) -> Page | Redirect:
    """Have a wallet ask for a top-up by itself; empty fields switch that off."""
    form = await submitted(request)
    try:
        await application.open_wallet.automatic(
            tenant_id=tenant(request),
            wallet_id=wallet_id_from(wallet_id),
            below=_amount(form, "below"),
            amount=_amount(form, "amount"),
            actor=principal(request).actor,
        )
    except TallyardError as error:
        return await _again(request, application, error, form)
    return see(URL, done="automatic")


@post(f"{URL}/wallets/{{wallet_id:str}}/topups", opt=PAY, status_code=303, include_in_schema=False)
async def ask_topup(
    request: PageRequest, wallet_id: FromPath[str], application: NamedDependency[Application]
) -> Page | Redirect:
    """Ask for a top-up, paid by transfer or by the card that is kept."""
    form = await submitted(request)
    tenant_id, actor = tenant(request), principal(request).actor
    by_card = form.one("by") == "card"
    try:
        async with application.work(tenant_id):
            topup = await application.request_topup(
                tenant_id=tenant_id,
                wallet_id=wallet_id_from(wallet_id),
                amount=amount_of(form, "amount"),
                actor=actor,
            )
            if by_card:
                await application.request_topup_charge(
                    tenant_id=tenant_id, topup_id=topup.id, actor=actor
                )
    except TallyardError as error:
        return await _again(request, application, error, form)
    return see(URL, done="topup_card" if by_card else "topup")


@post(f"{URL}/topups/{{topup_id:str}}/charge", opt=PAY, status_code=303, include_in_schema=False)
async def charge_topup(
    request: PageRequest, topup_id: FromPath[str], application: NamedDependency[Application]
) -> Page | Redirect:
    """Have the card charged with a top-up that is not paid."""
    form = await submitted(request)
    try:
        await application.request_topup_charge(
            tenant_id=tenant(request),
            topup_id=topup_id_from(topup_id),
            actor=principal(request).actor,
        )
    except TallyardError as error:
        return await _again(request, application, error, form)
    return see(URL, done="topup_card")


@post(
    f"{URL}/topups/{{topup_id:str}}/cancellation",
    opt=PAY,
    status_code=303,
    include_in_schema=False,
)
async def cancel_topup(
    request: PageRequest, topup_id: FromPath[str], application: NamedDependency[Application]
) -> Redirect:
    """Take a top-up back that is not paid."""
    await application.request_topup.cancel(
        tenant_id=tenant(request),
        topup_id=topup_id_from(topup_id),
        actor=principal(request).actor,
    )
    return see(URL, done="topup_cancelled")


@get(f"{URL}/topups/{{topup_id:str}}/receipt", opt=READ, include_in_schema=False)
async def receipt(
    request: PageRequest, topup_id: FromPath[str], application: NamedDependency[Application]
) -> Response[bytes]:
    """Download the receipt, or prepayment invoice, of a top-up: its frozen bytes."""
    body = await application.list_discounts.document(tenant(request), topup_id_from(topup_id))
    return Response(
        body,
        media_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{topup_id}.json"'},
    )


@get(f"{URL}/topups/{{topup_id:str}}/receipt/pdf", opt=READ, include_in_schema=False)
async def receipt_pdf(
    request: PageRequest, topup_id: FromPath[str], application: NamedDependency[Application]
) -> Response[bytes]:
    """Show the receipt, or prepayment invoice, of a top-up as PDF."""
    file = await application.export_receipt(
        tenant_id=tenant(request),
        topup_id=topup_id_from(topup_id),
        language=language_of(request),
    )
    return file_response(file, shown=True)


def _amount(form: Submitted, name: str) -> Money | None:
    return amount_of(form, name) if form.one(name) else None
