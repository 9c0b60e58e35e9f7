"""Quotes: offers of the vendor that become subscriptions when they are accepted."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from billing.domain.life.orders import Order
from billing.domain.life.quotes import expected_quantity
from billing.domain.life.requests import BookingWanted
from billing.services.quotes.list_quotes import ListedQuote
from billing.services.quotes.make_quote import QuoteWanted
from control_plane.identity.domain import Permission
from control_plane.kernel.currency import Currency, currency
from control_plane.kernel.errors import TallyardError
from control_plane.kernel.ids import QuoteId, TenantId, format_id
from control_plane.kernel.money import Money
from web.api.catalog import Name
from web.api.change_bodies import StaffStartRequest
from web.api.change_views import ChangedView, changed_view
from web.api.common import ApiRequest, id_from, instant_from, principal, tenant
from web.compose import Application
from web.openings import opened_by_staff

READ = {"permission": Permission.SUBSCRIPTION_READ}
ACCEPT = {"permission": Permission.SUBSCRIPTION_CHANGE}
FINANCE = {"permission": Permission.STAFF_FINANCE}
SELL = {**FINANCE, "staff": True}


class QuotedAddonBody(msgspec.Struct, forbid_unknown_fields=True):
    """An add-on in a quote; without a window its season's next."""

    addon_code: str
    window_start: str | None = None
    window_end: str | None = None
    quantity: int = 1


class QuoteRequest(msgspec.Struct, forbid_unknown_fields=True):
    """What is offered, until when. ``expected_usage`` by meter serves the estimate per period."""

    start: StaffStartRequest
    valid_until: str
    addons: list[QuotedAddonBody] = []
    purchase_order: str | None = None
    note: str | None = None
    expected_usage: dict[str, str] = {}

    def wanted(self) -> QuoteWanted:
        """Read the offer."""
        bookings = tuple(
            BookingWanted(
                addon_code=addon.addon_code,
                starts_at=_maybe(addon.window_start, "window_start"),
                ends_at=_maybe(addon.window_end, "window_end"),
                quantity=addon.quantity,
            )
            for addon in self.addons
        )
        usage = {meter: _expected(meter, text) for meter, text in self.expected_usage.items()}
        return QuoteWanted(
            order=Order(self.start.request(), bookings),
            valid_until=instant_from(self.valid_until, field="valid_until"),
            purchase_order=self.purchase_order,
            note=self.note,
            expected_usage=usage,
        )


class QuotedLine(msgspec.Struct):
    """A line of the quoted first invoice, before discounts and tax."""

    item_name: Name
    name: Name
    first_day: str
    last_day: str
    amount: str


class QuotedAddon(msgspec.Struct):
    """An add-on that is part of the offer; ``price`` is that of one."""

    addon: str
    name: Name
    window_start: str
    window_end: str
    quantity: int
    price: str


class QuoteView(msgspec.Struct):
    """A quote: the plan, the exact first invoice, the estimate per period, and its state."""

    id: str
    number: str
    state: str
    plan: str
    name: Name
    interval: str
    count: int
    quantities: dict[str, int]
    currency: str
    starts_at: str | None
    trial_end: str | None
    valid_until: datetime
    made_at: datetime
    lines: list[QuotedLine]
    addons: list[QuotedAddon]
    first_invoice_net: str
    first_invoice_tax: str
    first_invoice_total: str
    fee_per_period: str
    total_per_period: str
    purchase_order: str | None
    note: str | None
    sha256: str
    subscription_id: str | None


def quote_view(listed: ListedQuote) -> QuoteView:
    """Show a quote."""
    quote, body = listed.quote, listed.quote.body
    code = currency(body["currency"])

    def amount(minor: int) -> str:
        return Money(minor, code).decimal_text()

    plan, first, later = body["plan"], body["first_invoice"], body["per_period"]
    started = None if quote.answer is None else quote.answer.subscription_id
    return QuoteView(
        id=format_id("quo", quote.id),
        number=quote.number,
        state=listed.state.value,
        plan=plan["label"],
        name=Name(**plan["name"]),
        interval=plan["interval"],
        count=plan["count"],
        quantities=plan["quantities"],
        currency=code.code,
        starts_at=body["starts_at"],
        trial_end=body["trial_end"],
        valid_until=quote.valid_until,
        made_at=quote.made_at,
        lines=[_line(line, code) for line in first["lines"]],
        addons=[_addon(addon, code) for addon in body["addons"]],
        first_invoice_net=amount(first["net_minor"]),
        first_invoice_tax=amount(first["tax_minor"]),
        first_invoice_total=amount(first["total_minor"]),
        fee_per_period=amount(later["fee_minor"]),
        total_per_period=amount(later["total_minor"]),
        purchase_order=body["purchase_order"],
        note=body["note"],
        sha256=quote.sha256,
        subscription_id=None if started is None else format_id("sub", started),
    )


def _line(line: Mapping[str, Any], code: Currency) -> QuotedLine:
    return QuotedLine(
        item_name=Name(**line["item_name"]),
        name=Name(**line["name"]),
        first_day=line["first_day"],
        last_day=line["last_day"],
        amount=Money(line["amount_minor"], code).decimal_text(),
    )


def _addon(addon: Mapping[str, Any], code: Currency) -> QuotedAddon:
    return QuotedAddon(
        addon=addon["label"],
        name=Name(**addon["name"]),
        window_start=addon["start"],
        window_end=addon["end"],
        quantity=addon["quantity"],
        price=Money(addon["price_minor"], code).decimal_text(),
    )


def quote_id_from(text: str) -> QuoteId:
    """Read a quote's id from an address."""
    return QuoteId(id_from("quo", text))


def _expected(meter: str, text: str) -> Decimal:
    try:
        return expected_quantity(text)
    except TallyardError as error:
        error.field = f"expected_usage.{meter[:40]}"
        raise


def _maybe(text: str | None, field: str) -> datetime | None:
    return instant_from(text, field=field) if text else None


@get("/quotes", opt=READ)
async def list_quotes(
    request: ApiRequest, application: NamedDependency[Application]
) -> list[QuoteView]:
    """List the quotes that were made to you, the newest first."""
    return [quote_view(listed) for listed in await application.list_quotes(tenant(request))]


@get("/quotes/{quote_id:str}", opt=READ)
async def get_quote(
    request: ApiRequest, quote_id: FromPath[str], application: NamedDependency[Application]
) -> QuoteView:
    """Read one quote."""
    found = await application.get_quote(tenant_id=tenant(request), quote_id=quote_id_from(quote_id))
    return quote_view(found)


@post("/quotes/{quote_id:str}/acceptance", opt=ACCEPT)
async def accept_quote(
    request: ApiRequest, quote_id: FromPath[str], application: NamedDependency[Application]
) -> ChangedView:
    """Accept a quote: exactly what it says starts, or it is refused as stale."""
    changed = await application.accept_quote(
        tenant_id=tenant(request),
        quote_id=quote_id_from(quote_id),
        actor=principal(request).actor,
    )
    return changed_view(changed)


@post("/quotes/{quote_id:str}/refusal", opt=ACCEPT)
async def decline_quote(
    request: ApiRequest, quote_id: FromPath[str], application: NamedDependency[Application]
) -> QuoteView:
    """Decline a quote."""
    wanted = quote_id_from(quote_id)
    actor = principal(request).actor
    quote = await application.close_quote(tenant_id=tenant(request), quote_id=wanted, actor=actor)
    return quote_view(ListedQuote(quote, quote.state_at(quote.made_at)))


@get("/staff/tenants/{tenant_id:str}/quotes", opt=FINANCE, tags=["Staff"])
async def list_tenant_quotes(
    request: ApiRequest, tenant_id: FromPath[str], application: NamedDependency[Application]
) -> list[QuoteView]:
    """List a tenant's quotes; its audit record tells who looked."""
    wanted = TenantId(id_from("ten", tenant_id))
    async with opened_by_staff(request, application, wanted, "quotes"):
        await application.read_organisation(wanted)
        return [quote_view(listed) for listed in await application.list_quotes(wanted)]


@post("/staff/tenants/{tenant_id:str}/quotes", opt=SELL, tags=["Staff"])
async def make_quote(
    request: ApiRequest,
    tenant_id: FromPath[str],
    data: JSONBody[QuoteRequest],
    application: NamedDependency[Application],
) -> QuoteView:
    """Offer a subscription: the exact first invoice and an estimate per period, frozen."""
    wanted = TenantId(id_from("ten", tenant_id))
    quote = await application.make_quote(
        tenant_id=wanted, wanted=data.wanted(), actor=principal(request).actor
    )
    return quote_view(ListedQuote(quote, quote.state_at(quote.made_at)))


@post("/staff/tenants/{tenant_id:str}/quotes/{quote_id:str}/withdrawal", opt=SELL, tags=["Staff"])
async def withdraw_quote(
    request: ApiRequest,
    tenant_id: FromPath[str],
    quote_id: FromPath[str],
    application: NamedDependency[Application],
) -> QuoteView:
    """Take an open quote back."""
    quote = await application.close_quote(
        tenant_id=TenantId(id_from("ten", tenant_id)),
        quote_id=quote_id_from(quote_id),
        actor=principal(request).actor,
        staff=True,
    )
    return quote_view(ListedQuote(quote, quote.state_at(quote.made_at)))


router = Router(
    "/v1",
    tags=["Quotes"],
    route_handlers=[
        list_quotes,
        get_quote,
        accept_quote,
        decline_quote,
        list_tenant_quotes,
        make_quote,
        withdraw_quote,
    ],
)
