"""Quotes as the customer reads and answers them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from billing.services.quotes.list_quotes import ListedQuote
from control_plane.identity.domain import Permission
from control_plane.kernel.calendar import parse_instant
from control_plane.kernel.currency import Currency, currency
from control_plane.kernel.errors import TallyardError
from control_plane.kernel.ids import QuoteId, format_id
from control_plane.kernel.money import Money
from control_plane.kernel.period import Period
from web.api.common import id_from, principal, tenant
from web.compose import Application
from web.portal.forms import Submitted, refused
from web.portal.page import Page, PageRequest, language_of, page, see
from web.portal.previews import line_title
from web.portal.views.life import PreviewLine
from web.portal.views.shell import Form

READ = {"permission": Permission.SUBSCRIPTION_READ}
ANSWER = {"permission": Permission.SUBSCRIPTION_CHANGE}
OPEN = "open"

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class QuotedAddon:
    """An add-on of the offer; ``price`` is that of all of them."""

    name: str
    window: Period
    quantity: int
    price: Money


@dataclass(frozen=True, slots=True)
class QuoteSheet:
    """A quote as a sheet of paper."""

    quote_id: str
    number: str
    state: str
    plan: str
    interval: str
    count: int
    quantities: tuple[tuple[str, int], ...]
    starts_at: datetime | None
    trial_end: datetime | None
    valid_until: datetime
    made_at: datetime
    lines: tuple[PreviewLine, ...]
    addons: tuple[QuotedAddon, ...]
    discount: Money
    net: Money
    tax: Money
    total: Money
    fee: Money
    usage: tuple[tuple[str, str, Money], ...]
    expected: Money
    negotiated: bool
    purchase_order: str | None
    note: str | None
    subscription_id: str | None

    @property
    def badge(self) -> str:
        """The state as a badge names it; an open quote waits for an answer."""
        return "quote_open" if self.state == OPEN else self.state

    @property
    def staff_badge(self) -> str:
        """The state as whoever made the quote reads it."""
        return "quote_sent" if self.state == OPEN else self.state


def quote_sheet(listed: ListedQuote, language: str) -> QuoteSheet:
    """Lay a quote out."""
    quote, body = listed.quote, listed.quote.body
    code = currency(body["currency"])
    plan, first, later = body["plan"], body["first_invoice"], body["per_period"]
    tongue = "zh" if language == "zh" else "en"
    started = None if quote.answer is None else quote.answer.subscription_id
    return QuoteSheet(
        quote_id=format_id("quo", quote.id),
        number=quote.number,
        state=listed.state.value,
        plan=plan["name"][tongue],
        interval=plan["interval"],
        count=plan["count"],
        quantities=tuple(
            (plan["components"][code][tongue], count) for code, count in plan["quantities"].items()
        ),
        starts_at=_instant(body["starts_at"]),
        trial_end=_instant(body["trial_end"]),
        valid_until=quote.valid_until,
        made_at=quote.made_at,
        lines=_lines(first, code, language),
        addons=_addons(body, code, tongue),
        discount=Money(first["discount_minor"], code),
        net=Money(first["net_minor"], code),
        tax=Money(first["tax_minor"], code),
        total=Money(first["total_minor"], code),
        fee=Money(later["fee_minor"], code),
        usage=tuple(
            (used["name"][tongue], used["quantity"], Money(used["amount_minor"], code))
            for used in later["usage"]
        ),
        expected=Money(later["total_minor"], code),
        negotiated=body["order"]["terms"] is not None,
        purchase_order=body["purchase_order"],
        note=body["note"],
        subscription_id=None if started is None else format_id("sub", started),
    )


def _lines(invoice: Body, code: Currency, language: str) -> tuple[PreviewLine, ...]:
    return tuple(
        PreviewLine(
            line_title(line, language),
            Money(line["amount_minor"], code),
            date.fromisoformat(line["first_day"]),
            date.fromisoformat(line["last_day"]),
        )
        for line in invoice["lines"]
    )


def _addons(body: Body, code: Currency, tongue: str) -> tuple[QuotedAddon, ...]:
    return tuple(
        QuotedAddon(
            name=addon["name"][tongue],
            window=Period(parse_instant(addon["start"]), parse_instant(addon["end"])),
            quantity=addon["quantity"],
            price=Money(addon["price_minor"] * addon["quantity"], code),
        )
        for addon in body["addons"]
    )


def _instant(text: str | None) -> datetime | None:
    return None if text is None else parse_instant(text)


@get("/portal/quotes", opt=READ, include_in_schema=False)
async def quotes_page(request: PageRequest, application: NamedDependency[Application]) -> Page:
    """List the quotes that were made, the newest first."""
    language = language_of(request)
    rows = [quote_sheet(q, language) for q in await application.list_quotes(tenant(request))]
    return await page(request, application, "portal/quotes.html", "quotes", rows=rows)


@get("/portal/quotes/{quote_id:str}", opt=READ, include_in_schema=False)
async def quote_page(
    request: PageRequest, quote_id: FromPath[str], application: NamedDependency[Application]
) -> Page:
    """Show one quote, and ask for its answer while it is open."""
    return await _shown(request, application, quote_id, Form(), 200)


async def _shown(
    request: PageRequest, application: Application, quote_id: str, form: Form, status: int
) -> Page:
    found = await application.get_quote(tenant_id=tenant(request), quote_id=_id(quote_id))
    sheet = quote_sheet(found, language_of(request))
    return await page(
        request, application, "portal/quote.html", "quotes", status=status, quote=sheet, form=form
    )


def _id(text: str) -> QuoteId:
    return QuoteId(id_from("quo", text))


@post(
    "/portal/quotes/{quote_id:str}/acceptance",
    opt=ANSWER,
    status_code=303,
    include_in_schema=False,
)
async def accept(
    request: PageRequest, quote_id: FromPath[str], application: NamedDependency[Application]
) -> Page | Redirect:
    """Start exactly what was quoted; what cannot be honoured is told beside the quote."""
    try:
        changed = await application.accept_quote(
            tenant_id=tenant(request), quote_id=_id(quote_id), actor=principal(request).actor
        )
    except TallyardError as error:
        form, status = refused(error, Submitted({}), language_of(request))
        return await _shown(request, application, quote_id, form, status)
    return see(
        f"/portal/subscriptions/{format_id('sub', changed.subscription_id)}", done="accepted"
    )


@post("/portal/quotes/{quote_id:str}/refusal", opt=ANSWER, status_code=303, include_in_schema=False)
async def decline(
    request: PageRequest, quote_id: FromPath[str], application: NamedDependency[Application]
) -> Page | Redirect:
    """Decline a quote."""
    try:
        await application.close_quote(
            tenant_id=tenant(request), quote_id=_id(quote_id), actor=principal(request).actor
        )
    except TallyardError as error:
        form, status = refused(error, Submitted({}), language_of(request))
        return await _shown(request, application, quote_id, form, status)
    return see("/portal/quotes", done="declined")
