"""Coupons, as finance offers and gives them."""

import msgspec
from litestar import Router, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from billing.domain.assembling import Scope
from billing.domain.discounts.records import Duration, Offer
from control_plane.catalog.domain import Text
from control_plane.kernel.currency import currency
from control_plane.kernel.exact import exact_decimal
from control_plane.kernel.ids import (
    RedemptionId,
    new_id,
)
from control_plane.kernel.money import Money
from web.api.common import ApiRequest, choice_from, id_from, instant_from, principal
from web.api.discount_views import (
    DiscountsView,
    OfferView,
    TextView,
    discounts_view,
    offer_view,
)
from web.api.staff_tax import FINANCE, WRITE, tenant_from
from web.compose import Application
from web.openings import opened_by_staff


class OfferRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A new coupon: ``percent``, or ``amounts`` in major units by currency."""

    code: str
    name: TextView
    percent: str | None = None
    amounts: dict[str, str] = {}
    plans: list[str] = []
    charges: list[str] = []
    duration: str = "once"
    periods: int | None = None
    redeem_by: str | None = None
    most: int | None = None
    once_per_tenant: bool = True
    by_customer: bool = True
    place: int = 0


class CodeRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The code of a coupon."""

    code: str


@get("/coupons", opt=FINANCE)
async def list_coupons(application: NamedDependency[Application]) -> list[OfferView]:
    """List every coupon, the newest first."""
    return [offer_view(offer) for offer in await application.list_coupons()]


@post("/coupons", opt=WRITE)
async def create_coupon(
    data: JSONBody[OfferRequest], application: NamedDependency[Application]
) -> OfferView:
    """Offer a coupon. Its content never changes; end it and make another."""
    until = data.redeem_by
    offer = Offer(
        id=new_id(),
        code=data.code,
        name=Text(data.name.en, data.name.zh),
        percent=None if data.percent is None else exact_decimal(data.percent),
        amounts={code: Money.parse(text, currency(code)) for code, text in data.amounts.items()},
        scope=Scope(tuple(data.plans), tuple(data.charges)),
        duration=choice_from(Duration, data.duration, field="duration"),
        periods=data.periods,
        redeem_by=None if until is None else instant_from(until, field="redeem_by"),
        most=data.most,
        once_per_tenant=data.once_per_tenant,
        by_customer=data.by_customer,
        place=data.place,
    )
    return offer_view(await application.create_coupon(offer))


@post("/coupon-endings", status_code=204, opt=WRITE)
async def end_coupon(
    data: JSONBody[CodeRequest], application: NamedDependency[Application]
) -> None:
    """Let nobody redeem a coupon any more; those who did keep it."""
    await application.create_coupon.end(data.code)


@get("/tenants/{tenant_id:str}/discounts", opt=FINANCE)
async def show_discounts(
    request: ApiRequest, tenant_id: FromPath[str], application: NamedDependency[Application]
) -> DiscountsView:
    """Show what a customer holds; its audit record tells who looked."""
    wanted = tenant_from(tenant_id)
    async with opened_by_staff(request, application, wanted, "discounts"):
        await application.read_organisation(wanted)
        return discounts_view(await application.list_discounts(wanted))


@post("/tenants/{tenant_id:str}/coupons", status_code=201, opt=WRITE)
async def give_coupon(
    request: ApiRequest,
    tenant_id: FromPath[str],
    data: JSONBody[CodeRequest],
    application: NamedDependency[Application],
) -> DiscountsView:
    """Give a customer a coupon."""
    wanted = tenant_from(tenant_id)
    await application.redeem_coupon(
        tenant_id=wanted, code=data.code, actor=principal(request).actor, by_staff=True
    )
    return discounts_view(await application.list_discounts(wanted))


@delete("/tenants/{tenant_id:str}/coupons/{redemption_id:str}", opt=WRITE)
async def take_coupon(
    request: ApiRequest,
    tenant_id: FromPath[str],
    redemption_id: FromPath[str],
    application: NamedDependency[Application],
) -> None:
    """End a customer's coupon: nothing is taken off any more."""
    await application.redeem_coupon.give_back(
        tenant_id=tenant_from(tenant_id),
        redemption_id=RedemptionId(id_from("cpr", redemption_id)),
        actor=principal(request).actor,
    )


router = Router(
    "/v1/staff",
    tags=["Staff"],
    route_handlers=[
        list_coupons,
        create_coupon,
        end_coupon,
        show_discounts,
        give_coupon,
        take_coupon,
    ],
)
