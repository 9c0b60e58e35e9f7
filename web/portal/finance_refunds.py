"""Finance: pay back what credit notes and overpayments left."""

from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from billing.errors_documents import CreditBalanceTooLow
from control_plane.kernel.errors import TallyardError
from control_plane.kernel.ids import TenantId
from control_plane.kernel.money import Money
from web.api.common import principal
from web.compose import Application
from web.i18n import N_, translate
from web.portal.customer_frame import (
    ACT,
    URL,
    ConfirmView,
    confirm_page,
    owner_of,
    read_frame,
)
from web.portal.fields import amount_of
from web.portal.finance_customer import BALANCES
from web.portal.forms import refused, submitted
from web.portal.page import Page, PageRequest, language_of


@post(f"{URL}/refunds/preview", opt=ACT, status_code=200, include_in_schema=False)
async def preview_refund(
    request: PageRequest, tenant_id: FromPath[str], application: NamedDependency[Application]
) -> Page:
    """Show what a refund would leave of the customer's credit."""
    form, owner = await submitted(request), owner_of(tenant_id)
    language = language_of(request)
    try:
        amount = amount_of(form, "refund")
        left = await _left(application, owner, amount)
    except TallyardError as error:
        shown, status = refused(error, form, language)
        return await BALANCES.show(request, application, owner, shown, status)
    frame = await read_frame(application, owner, "balances", language)
    view = ConfirmView(
        title=translate(language, N_("Pay credit back")),
        lead=translate(
            language, N_("Record it once the transfer is made: the oldest credit goes first.")
        ),
        facts=(
            (translate(language, N_("Credit now")), left + amount),
            (translate(language, N_("Paid back")), amount),
            (translate(language, N_("Credit then")), left),
            (translate(language, N_("Bank reference")), form.one("reference")),
        ),
        action=f"{frame.base}/refunds",
        fields=tuple((name, form.one(name)) for name in ("refund", "currency", "reference")),
        back=frame.base,
        button=translate(language, N_("Record the refund")),
    )
    return await confirm_page(request, application, frame, view)


async def _left(application: Application, owner: TenantId, amount: Money) -> Money:
    credit = await application.read_credit(owner)
    there = Money.total(
        (s.left for s in credit.sources if s.left.currency == amount.currency), amount.currency
    )
    if amount.minor <= 0 or amount > there:
        raise CreditBalanceTooLow(left=there, asked=amount, field="refund")
    return there - amount


@post(f"{URL}/refunds", opt=ACT, status_code=303, include_in_schema=False)
async def refund(
    request: PageRequest, tenant_id: FromPath[str], application: NamedDependency[Application]
) -> Page | Redirect:
    """Record a transfer back to the customer, out of its credit."""
    form = await submitted(request)

    async def act() -> None:
        await application.refund_credit(
            tenant_id=owner_of(tenant_id),
            amount=amount_of(form, "refund"),
            reference=form.one("reference"),
            actor=principal(request).actor,
        )

    return await BALANCES.attempt(request, application, tenant_id, form, act, "refunded")
