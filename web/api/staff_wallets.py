"""Customers' recurring credits, wallets and receipts, as finance keeps them."""

import msgspec
from litestar import Response, Router, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from billing.domain.assembling import Scope
from billing.domain.discounts.recurring import Rollover
from billing.services.discounts.recur_credit import Cycle
from control_plane.kernel.anchor import Interval
from control_plane.kernel.currency import Currency, currency
from control_plane.kernel.ids import CreditScheduleId
from control_plane.kernel.money import Money
from web.api.common import ApiRequest, choice_from, id_from, instant_from, principal
from web.api.discount_views import RecurringView, WalletView, recurring_view, wallet_view
from web.api.discounts import topup_id_from
from web.api.documents import file_response
from web.api.staff_tax import FINANCE, WRITE, tenant_from
from web.compose import Application
from web.openings import opened_by_staff


class RolloverBody(msgspec.Struct, forbid_unknown_fields=True):
    """For how many more cycles a rest lasts (null: without end), and how much of all rests."""

    cycles: int | None = 1
    most: str | None = None


class RecurringRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A credit granted every ``count`` intervals, ``times`` times or until it is ended.

    Without ``rollover`` what is left lapses when the next comes. Without ``starts_at`` the first is
    granted now.
    """

    amount: str
    currency: str
    reason: str
    interval: str
    count: int = 1
    times: int | None = None
    starts_at: str | None = None
    rollover: RolloverBody | None = None
    priority: int = 0
    plans: list[str] = []
    charges: list[str] = []


class StaffWalletRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A wallet; ``tax_category`` is how its money is taxed where that is due at the top-up."""

    name: str
    currency: str
    priority: int = 0
    tax_category: str = "standard"


def _rollover(body: RolloverBody | None, code: Currency) -> Rollover:
    if body is None:
        return Rollover()
    return Rollover(body.cycles, None if body.most is None else Money.parse(body.most, code))


@post("/tenants/{tenant_id:str}/recurring-credits", opt=WRITE)
async def recur_credit(
    request: ApiRequest,
    tenant_id: FromPath[str],
    data: JSONBody[RecurringRequest],
    application: NamedDependency[Application],
) -> RecurringView:
    """Grant a promotional credit at the start of every cycle."""
    code, starts = currency(data.currency), data.starts_at
    schedule = await application.recur_credit(
        tenant_id=tenant_from(tenant_id),
        amount=Money.parse(data.amount, code),
        reason=data.reason,
        cycle=Cycle(
            choice_from(Interval, data.interval, field="interval"),
            data.count,
            data.times,
            None if starts is None else instant_from(starts, field="starts_at"),
        ),
        rollover=_rollover(data.rollover, code),
        priority=data.priority,
        scope=Scope(tuple(data.plans), tuple(data.charges)),
        actor=principal(request).actor,
    )
    return recurring_view(schedule)


@delete("/tenants/{tenant_id:str}/recurring-credits/{schedule_id:str}", opt=WRITE)
async def end_recurring_credit(
    request: ApiRequest,
    tenant_id: FromPath[str],
    schedule_id: FromPath[str],
    application: NamedDependency[Application],
) -> None:
    """Grant nothing any more; what was granted keeps its end."""
    await application.recur_credit.end(
        tenant_id=tenant_from(tenant_id),
        schedule_id=CreditScheduleId(id_from("crs", schedule_id)),
        actor=principal(request).actor,
    )


@post("/tenants/{tenant_id:str}/wallets", opt=WRITE)
async def open_customer_wallet(
    request: ApiRequest,
    tenant_id: FromPath[str],
    data: JSONBody[StaffWalletRequest],
    application: NamedDependency[Application],
) -> WalletView:
    """Open a wallet for a customer, of any tax category of the company that bills it."""
    code = currency(data.currency)
    wallet = await application.open_wallet(
        tenant_id=tenant_from(tenant_id),
        name=data.name,
        currency=code,
        priority=data.priority,
        tax_category=data.tax_category,
        actor=principal(request).actor,
    )
    return wallet_view(wallet, Money.zero(code).decimal_text())


@get(
    "/tenants/{tenant_id:str}/top-ups/{topup_id:str}/receipt/pdf",
    opt={**FINANCE, "staff": True},
    media_type="application/pdf",
)
async def customer_receipt_pdf(
    request: ApiRequest,
    tenant_id: FromPath[str],
    topup_id: FromPath[str],
    application: NamedDependency[Application],
) -> Response[bytes]:
    """Download the receipt, or prepayment invoice, of a customer's top-up as a PDF."""
    owner = tenant_from(tenant_id)
    async with opened_by_staff(request, application, owner, "topup", topup_id):
        file = await application.export_receipt(
            tenant_id=owner,
            topup_id=topup_id_from(topup_id),
            language=request.scope["state"]["language"],
        )
    return file_response(file)


router = Router(
    "/v1/staff",
    tags=["Staff"],
    route_handlers=[
        recur_credit,
        end_recurring_credit,
        open_customer_wallet,
        customer_receipt_pdf,
    ],
)
