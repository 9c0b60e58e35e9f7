"""What lowers and settles your invoices, and who you are on them."""

from typing import Any

import msgspec
from litestar import Response, Router, delete, get, post, put
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody

from control_plane.identity.domain import Permission
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import TenantId, TopupId, WalletId
from control_plane.kernel.money import Money
from web.api.common import ApiRequest, ThingNotFound, id_from, principal, tenant
from web.api.discount_views import (
    CouponView,
    DiscountsView,
    TopupView,
    WalletView,
    coupon_view,
    discounts_view,
    topup_view,
    wallet_view,
)
from web.api.documents import file_response
from web.api.tax_views import (
    ProfileView,
    profile_from,
    profile_view,
)
from web.compose import Application

READ = {"permission": Permission.INVOICE_READ}
PAY = {"permission": Permission.INVOICE_PAY}


class ProfileRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Who you are on your invoices; what is left out is empty from now on."""

    legal_name: str
    country: str
    line1: str
    city: str
    business: bool = True
    tax_id: str | None = None
    registration: str | None = None
    line2: str = ""
    region: str = ""
    postcode: str = ""
    email: str | None = None
    phone: str | None = None
    purchase_order: str | None = None


class RedemptionRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The code of a coupon."""

    code: str


class WalletRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A wallet's name and currency; of several, that of the lowest priority is used first."""

    name: str
    currency: str
    priority: int = 0


class AutomaticRequest(msgspec.Struct, forbid_unknown_fields=True):
    """When less than ``below`` is left, ``amount`` is asked for; null switches that off."""

    currency: str
    below: str | None = None
    amount: str | None = None


class TopupRequest(msgspec.Struct, forbid_unknown_fields=True):
    """How much to pay ahead, by bank transfer, or ``by_card``: the one that is kept."""

    amount: str
    currency: str
    by_card: bool = False


def wallet_id_from(text: str) -> WalletId:
    """Read a wallet's id from an address."""
    return WalletId(id_from("wal", text))


def topup_id_from(text: str) -> TopupId:
    """Read a top-up's id from an address."""
    return TopupId(id_from("top", text))


@get("/billing-profile", opt=READ)
async def read_profile(
    request: ApiRequest, application: NamedDependency[Application]
) -> ProfileView:
    """Read who you are on your invoices."""
    profile = await application.read_billing_profile(tenant(request))
    if profile is None:
        raise ThingNotFound(id="billing-profile")
    return profile_view(profile)


@put("/billing-profile", opt=PAY)
async def change_profile(
    request: ApiRequest, data: JSONBody[ProfileRequest], application: NamedDependency[Application]
) -> ProfileView:
    """Say who you are on your invoices, from the next one on."""
    profile = profile_from(ProfileView(**msgspec.structs.asdict(data)))
    saved = await application.save_billing_profile(
        tenant_id=tenant(request), profile=profile, actor=principal(request).actor
    )
    return profile_view(saved)


@get("/discounts", opt=READ)
async def list_discounts(
    request: ApiRequest, application: NamedDependency[Application]
) -> DiscountsView:
    """List your coupons, promotional credits, wallets and top-ups."""
    return discounts_view(await application.list_discounts(tenant(request)))


@post("/coupon-redemptions", opt=PAY)
async def redeem_coupon(
    request: ApiRequest,
    data: JSONBody[RedemptionRequest],
    application: NamedDependency[Application],
) -> CouponView:
    """Redeem a coupon; it applies from the next invoice on."""
    tenant_id = tenant(request)
    redeemed = await application.redeem_coupon(
        tenant_id=tenant_id, code=data.code, actor=principal(request).actor
    )
    held = await application.list_discounts(tenant_id)
    return next(coupon_view(coupon) for coupon in held.coupons if coupon.id == redeemed)


@post("/wallets", opt=PAY)
async def open_wallet(
    request: ApiRequest, data: JSONBody[WalletRequest], application: NamedDependency[Application]
) -> WalletView:
    """Open a wallet for prepaid money."""
    code = currency(data.currency)
    wallet = await application.open_wallet(
        tenant_id=tenant(request),
        name=data.name,
        currency=code,
        priority=data.priority,
        actor=principal(request).actor,
    )
    return wallet_view(wallet, Money.zero(code).decimal_text())


@put("/wallets/{wallet_id:str}/automatic-top-up", opt=PAY)
async def set_automatic(
    request: ApiRequest,
    wallet_id: FromPath[str],
    data: JSONBody[AutomaticRequest],
    application: NamedDependency[Application],
) -> WalletView:
    """Have a wallet ask for a top-up when it runs low, or stop that."""
    tenant_id, code = tenant(request), currency(data.currency)
    wallet = await application.open_wallet.automatic(
        tenant_id=tenant_id,
        wallet_id=wallet_id_from(wallet_id),
        below=None if data.below is None else Money.parse(data.below, code),
        amount=None if data.amount is None else Money.parse(data.amount, code),
        actor=principal(request).actor,
    )
    held = await application.list_discounts(tenant_id)
    return wallet_view(wallet, held.free_of(wallet).decimal_text())


@post("/wallets/{wallet_id:str}/top-ups", opt=PAY)
async def request_topup(
    request: ApiRequest,
    wallet_id: FromPath[str],
    data: JSONBody[TopupRequest],
    application: NamedDependency[Application],
) -> TopupView:
    """Ask for a top-up; pay it by bank transfer under its id, or have your card charged."""
    tenant_id, actor = tenant(request), principal(request).actor
    topup = await application.request_topup(
        tenant_id=tenant_id,
        wallet_id=wallet_id_from(wallet_id),
        amount=Money.parse(data.amount, currency(data.currency)),
        actor=actor,
    )
    if not data.by_card:
        return topup_view(topup)
    await application.request_topup_charge(tenant_id=tenant_id, topup_id=topup.id, actor=actor)
    return await _topup(application, tenant_id, TopupId(topup.id))


@post("/top-ups/{topup_id:str}/charges", status_code=202, opt=PAY)
async def charge_topup(
    request: ApiRequest, topup_id: FromPath[str], application: NamedDependency[Application]
) -> TopupView:
    """Have your card charged with a top-up that is not paid; soon, and once."""
    tenant_id, wanted = tenant(request), topup_id_from(topup_id)
    await application.request_topup_charge(
        tenant_id=tenant_id, topup_id=wanted, actor=principal(request).actor
    )
    return await _topup(application, tenant_id, wanted)


async def _topup(application: Application, tenant_id: TenantId, wanted: TopupId) -> TopupView:
    held = await application.list_discounts(tenant_id)
    return next(topup_view(topup) for topup in held.topups if topup.id == wanted)


@delete("/top-ups/{topup_id:str}", opt=PAY)
async def cancel_topup(
    request: ApiRequest, topup_id: FromPath[str], application: NamedDependency[Application]
) -> None:
    """Take back a top-up that is not paid."""
    await application.request_topup.cancel(
        tenant_id=tenant(request),
        topup_id=topup_id_from(topup_id),
        actor=principal(request).actor,
    )


_RECEIPT = ResponseSpec(
    data_container=dict[str, Any], generate_examples=False, description="The frozen document"
)


@get(
    "/top-ups/{topup_id:str}/receipt",
    opt=READ,
    media_type="application/json",
    responses={200: _RECEIPT},
)
async def read_receipt(
    request: ApiRequest, topup_id: FromPath[str], application: NamedDependency[Application]
) -> Response[bytes]:
    """Download the receipt, or prepayment invoice, of a paid top-up: its frozen bytes."""
    body = await application.list_discounts.document(tenant(request), topup_id_from(topup_id))
    return Response(body, media_type="application/json")


@get("/top-ups/{topup_id:str}/receipt/pdf", opt=READ, media_type="application/pdf")
async def receipt_pdf(
    request: ApiRequest, topup_id: FromPath[str], application: NamedDependency[Application]
) -> Response[bytes]:
    """Download the receipt, or prepayment invoice, of a paid top-up as a PDF."""
    file = await application.export_receipt(
        tenant_id=tenant(request),
        topup_id=topup_id_from(topup_id),
        language=request.scope["state"]["language"],
    )
    return file_response(file)


router = Router(
    "/v1",
    tags=["Discounts"],
    route_handlers=[
        read_profile,
        change_profile,
        list_discounts,
        redeem_coupon,
        open_wallet,
        set_automatic,
        request_topup,
        charge_topup,
        cancel_topup,
        read_receipt,
        receipt_pdf,
    ],
)
