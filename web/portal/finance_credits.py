"""Finance: credits that come again, and the receipts of a customer's top-ups."""

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from billing.domain.discounts.recurring import Rollover
from billing.errors_tax import DiscountInvalid
from billing.services.discounts.recur_credit import Cycle
from control_plane.identity.domain import Permission
from control_plane.kernel.anchor import Interval
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import CreditScheduleId, TenantId
from control_plane.kernel.money import Money
from web.api.common import choice_from, id_from, principal
from web.api.discounts import topup_id_from
from web.api.documents import file_response
from web.compose import Application
from web.i18n import N_
from web.openings import opened_by_staff
from web.portal.forms import Submitted
from web.portal.page import PageRequest, language_of, see
from web.portal.views.shell import Choice

READ = {"permission": Permission.STAFF_FINANCE, "staff": True}
URL = "/finance/customers/{tenant_id:str}"
_LONGEST_NUMBER = 4

CYCLES = (
    Choice("", N_("Once")),
    Choice(Interval.DAY.value, N_("Daily")),
    Choice(Interval.WEEK.value, N_("Weekly")),
    Choice(Interval.MONTH.value, N_("Monthly")),
    Choice(Interval.QUARTER.value, N_("Quarterly")),
    Choice(Interval.HALF_YEAR.value, N_("Half-yearly")),
    Choice(Interval.YEAR.value, N_("Yearly")),
)
"""How often finance may grant a credit; the words are translated where they appear."""


async def credit_asked(
    application: Application, owner: TenantId, form: Submitted, actor: str
) -> str:
    """Grant what a form asks for, and return the name of the notice that says so.

    Raises:
        TallyardError: as the use cases say; a number is none.
    """
    code = currency(form.one("currency"))
    amount = Money.parse(form.one("amount"), code)
    if not form.one("every"):
        await application.grant_credit(
            tenant_id=owner, amount=amount, reason=form.one("reason"), actor=actor
        )
        return "credit"
    most = form.one("rollover_most")
    for_good = bool(form.one("rollover_for_good"))
    await application.recur_credit(
        tenant_id=owner,
        amount=amount,
        reason=form.one("reason"),
        cycle=Cycle(
            choice_from(Interval, form.one("every"), field="every"), times=_number(form, "times")
        ),
        rollover=Rollover(
            None if for_good else _number(form, "rollover_cycles") or 0,
            Money.parse(most, code) if most else None,
        ),
        actor=actor,
    )
    return "recurring"


@post(
    f"{URL}/recurring-credits/{{schedule_id:str}}/ending",
    opt=READ,
    status_code=303,
    include_in_schema=False,
)
async def end_recurring(
    request: PageRequest,
    tenant_id: FromPath[str],
    schedule_id: FromPath[str],
    application: NamedDependency[Application],
) -> Redirect:
    """Let a credit come no more."""
    await application.recur_credit.end(
        tenant_id=TenantId(id_from("ten", tenant_id)),
        schedule_id=CreditScheduleId(id_from("crs", schedule_id)),
        actor=principal(request).actor,
    )
    return see(f"/finance/customers/{tenant_id}", done="recurring_ended")


@get(f"{URL}/topups/{{topup_id:str}}/receipt", opt=READ, include_in_schema=False)
async def customer_receipt(
    request: PageRequest,
    tenant_id: FromPath[str],
    topup_id: FromPath[str],
    application: NamedDependency[Application],
) -> Response[bytes]:
    """Show the receipt, or prepayment invoice, of a customer's top-up as PDF."""
    owner = TenantId(id_from("ten", tenant_id))
    async with opened_by_staff(request, application, owner, "topup", topup_id):
        file = await application.export_receipt(
            tenant_id=owner, topup_id=topup_id_from(topup_id), language=language_of(request)
        )
    return file_response(file, shown=True)


def _number(form: Submitted, name: str) -> int | None:
    """Read a whole number; None where the field is empty.

    Raises:
        DiscountInvalid: it is none.
    """
    text = form.one(name)
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER):
        raise DiscountInvalid(what=name, value=text[:20], field=name)
    return int(text)
