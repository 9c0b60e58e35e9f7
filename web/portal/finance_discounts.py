"""Finance: coupons, offered and ended."""

from collections.abc import Mapping

from litestar import get, post
from litestar.di import NamedDependency
from litestar.response import Redirect

from billing.domain.assembling import Scope
from billing.domain.discounts.records import Duration, Offer
from control_plane.catalog.domain import Text
from control_plane.identity.domain import Permission
from control_plane.kernel.currency import currency
from control_plane.kernel.errors import TallyardError
from control_plane.kernel.exact import exact_decimal
from control_plane.kernel.ids import new_id
from control_plane.kernel.money import Money
from web.api.common import choice_from
from web.compose import Application
from web.portal.discount_rows import DURATIONS, offer_row
from web.portal.forms import Submitted, refused, submitted
from web.portal.page import Page, PageRequest, language_of, page, see
from web.portal.views.discounts import OffersView
from web.portal.views.shell import Choice, Form

READ = {"permission": Permission.STAFF_FINANCE}
URL = "/finance/discounts"


@get(URL, opt=READ, include_in_schema=False)
async def discounts_page(request: PageRequest, application: NamedDependency[Application]) -> Page:
    """Show every coupon, and whose holdings to look at."""
    return await _show(request, application, Form())


@post(URL, opt={**READ, "staff": True}, status_code=303, include_in_schema=False)
async def offer(request: PageRequest, application: NamedDependency[Application]) -> Page | Redirect:
    """Offer a coupon."""
    form = await submitted(request)
    try:
        await application.create_coupon(_offer(form))
    except TallyardError as error:
        again, status = refused(error, form, language_of(request))
        return await _show(request, application, again, status)
    return see(URL, done="coupon")


@post(f"{URL}/endings", opt={**READ, "staff": True}, status_code=303, include_in_schema=False)
async def end(request: PageRequest, application: NamedDependency[Application]) -> Redirect:
    """Let nobody redeem a coupon any more."""
    form = await submitted(request)
    await application.create_coupon.end(form.one("code"))
    return see(URL, done="coupon_ended")


async def _show(
    request: PageRequest, application: Application, form: Form, status: int = 200
) -> Page:
    language = language_of(request)
    offers = await application.list_coupons()
    view = OffersView(
        rows=tuple(offer_row(found, language) for found in offers),
        durations=tuple(Choice(d.value, words) for d, words in DURATIONS.items()),
    )
    return await page(
        request,
        application,
        "finance/discounts.html",
        "finance_discounts",
        status=status,
        view=view,
        form=form,
    )


def _offer(form: Submitted) -> Offer:
    return Offer(
        id=new_id(),
        code=form.one("code"),
        name=Text(form.one("name_en"), form.one("name_zh")),
        percent=exact_decimal(form.one("percent")) if form.one("percent") else None,
        amounts=_amounts(form),
        scope=Scope(plans=tuple(form.one("plans").split())),
        duration=choice_from(Duration, form.one("duration"), field="duration"),
        periods=_whole(form.one("periods")),
        most=_whole(form.one("most")),
        by_customer=form.one("by_customer") == "yes",
        place=_whole(form.one("place")) or 0,
    )


def _amounts(form: Submitted) -> Mapping[str, Money]:
    if not form.one("amount"):
        return {}
    code = currency(form.one("currency"))
    return {code.code: Money.parse(form.one("amount"), code)}


def _whole(text: str) -> int | None:
    return int(exact_decimal(text)) if text else None
