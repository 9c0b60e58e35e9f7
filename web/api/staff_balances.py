"""Customers' promotional credits and prepaid money, as finance keeps them."""

from datetime import datetime

import msgspec
from litestar import Router, delete, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from billing.domain.assembling import Scope
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import (
    CreditId,
)
from control_plane.kernel.money import Money
from web.api.common import ApiRequest, id_from, instant_from, principal
from web.api.discount_views import (
    CreditView,
    TopupView,
    credit_view,
    topup_view,
)
from web.api.discounts import topup_id_from, wallet_id_from
from web.api.staff_tax import WRITE, tenant_from
from web.compose import Application


class CreditRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A promotional credit, and why it is granted."""

    amount: str
    currency: str
    reason: str
    priority: int = 0
    expires_at: str | None = None
    plans: list[str] = []
    charges: list[str] = []


class StaffTopupRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A top-up; its bonus becomes promotional credit once it is paid."""

    amount: str
    currency: str
    bonus: str = "0"
    expires_at: str | None = None


class TopupPayment(msgspec.Struct, forbid_unknown_fields=True):
    """A bank transfer that arrived: its amount, and the bank's own reference."""

    amount: str
    currency: str
    reference: str


class RefundRequest(msgspec.Struct, forbid_unknown_fields=True):
    """How much is paid back."""

    amount: str
    currency: str


def _expiry(text: str | None) -> datetime | None:
    return None if text is None else instant_from(text, field="expires_at")


@post("/tenants/{tenant_id:str}/credits", opt=WRITE)
async def grant_credit(
    request: ApiRequest,
    tenant_id: FromPath[str],
    data: JSONBody[CreditRequest],
    application: NamedDependency[Application],
) -> CreditView:
    """Grant a promotional credit."""
    grant = await application.grant_credit(
        tenant_id=tenant_from(tenant_id),
        amount=Money.parse(data.amount, currency(data.currency)),
        reason=data.reason,
        priority=data.priority,
        expires_at=_expiry(data.expires_at),
        scope=Scope(tuple(data.plans), tuple(data.charges)),
        actor=principal(request).actor,
    )
    return credit_view(grant)


@post("/tenants/{tenant_id:str}/credits/{credit_id:str}/hold", status_code=204, opt=WRITE)
async def hold_credit(
    request: ApiRequest,
    tenant_id: FromPath[str],
    credit_id: FromPath[str],
    application: NamedDependency[Application],
) -> None:
    """Set aside what is free of a credit: no invoice uses it."""
    await application.grant_credit.hold(
        tenant_id=tenant_from(tenant_id),
        grant_id=CreditId(id_from("crd", credit_id)),
        actor=principal(request).actor,
    )


@delete("/tenants/{tenant_id:str}/credits/{credit_id:str}/hold", opt=WRITE)
async def release_credit(
    request: ApiRequest,
    tenant_id: FromPath[str],
    credit_id: FromPath[str],
    application: NamedDependency[Application],
) -> None:
    """Free what was set aside of a credit."""
    await application.grant_credit.release(
        tenant_id=tenant_from(tenant_id),
        grant_id=CreditId(id_from("crd", credit_id)),
        actor=principal(request).actor,
    )


@post("/tenants/{tenant_id:str}/wallets/{wallet_id:str}/top-ups", opt=WRITE)
async def request_topup(
    request: ApiRequest,
    tenant_id: FromPath[str],
    wallet_id: FromPath[str],
    data: JSONBody[StaffTopupRequest],
    application: NamedDependency[Application],
) -> TopupView:
    """Ask a customer for a top-up by mail, with a bonus if you like."""
    code = currency(data.currency)
    topup = await application.request_topup(
        tenant_id=tenant_from(tenant_id),
        wallet_id=wallet_id_from(wallet_id),
        amount=Money.parse(data.amount, code),
        bonus=Money.parse(data.bonus, code),
        expires_at=_expiry(data.expires_at),
        invite=True,
        actor=principal(request).actor,
    )
    return topup_view(topup)


@post("/tenants/{tenant_id:str}/top-ups/{topup_id:str}/payments", opt=WRITE)
async def record_topup_payment(
    request: ApiRequest,
    tenant_id: FromPath[str],
    topup_id: FromPath[str],
    data: JSONBody[TopupPayment],
    application: NamedDependency[Application],
) -> TopupView:
    """Record that a top-up's money arrived. The same reference counts once."""
    topup = await application.record_topup_payment(
        tenant_id=tenant_from(tenant_id),
        topup_id=topup_id_from(topup_id),
        amount=Money.parse(data.amount, currency(data.currency)),
        reference=data.reference,
        actor=principal(request).actor,
    )
    return topup_view(topup)


@post("/tenants/{tenant_id:str}/top-ups/{topup_id:str}/refunds", status_code=204, opt=WRITE)
async def refund_topup(
    request: ApiRequest,
    tenant_id: FromPath[str],
    topup_id: FromPath[str],
    data: JSONBody[RefundRequest],
    application: NamedDependency[Application],
) -> None:
    """Record that prepaid money was paid back; only what no tax was paid with."""
    await application.record_topup_payment.refund(
        tenant_id=tenant_from(tenant_id),
        topup_id=topup_id_from(topup_id),
        amount=Money.parse(data.amount, currency(data.currency)),
        actor=principal(request).actor,
    )


router = Router(
    "/v1/staff",
    tags=["Staff"],
    route_handlers=[
        grant_credit,
        hold_credit,
        release_credit,
        request_topup,
        record_topup_payment,
        refund_topup,
    ],
)
