"""What finance's pages about one customer share: whose they are, their tabs, a halted billing."""

from dataclasses import dataclass, replace

from billing.domain.records import Account
from control_plane.identity.domain import Permission
from control_plane.kernel.ids import TenantId, format_id
from control_plane.kernel.money import Money
from web.api.common import id_from
from web.compose import Application
from web.i18n import N_, told, translate
from web.portal.page import Page, PageRequest, respond, shell
from web.portal.views.shell import Choice, Form

ACT = {"permission": Permission.STAFF_FINANCE, "staff": True}
URL = "/finance/customers/{tenant_id:str}"
SECTION = "finance_customers"

_TABS = {
    "balances": N_("Balances and credit"),
    "subscriptions": N_("Subscriptions and quotes"),
    "terms": N_("Billing terms"),
    "entitlements": N_("Entitlements"),
    "standing": N_("Standing"),
}
_FIRST = "balances"


@dataclass(frozen=True, slots=True)
class CustomerFrame:
    """Whose page it is, with its account; None where nothing was ever billed.

    ``halted`` is why billing stands still; None while it goes on.
    """

    base: str
    owner: TenantId
    tenant_id: str
    customer: str
    sandbox: bool
    currency: str
    zone: str
    tabs: tuple[Choice, ...]
    account: Account | None
    halted: str | None


@dataclass(frozen=True, slots=True)
class ConfirmView:
    """What would be done, to be confirmed: labels with a text or an amount each."""

    title: str
    lead: str
    facts: tuple[tuple[str, str | Money], ...]
    action: str
    fields: tuple[tuple[str, str], ...]
    back: str
    button: str


def owner_of(tenant_id: str) -> TenantId:
    """Read whose page an address is."""
    return TenantId(id_from("ten", tenant_id))


def tab_url(tenant_id: str, tab: str) -> str:
    """Return the address of a tab of a customer's pages."""
    base = f"/finance/customers/{tenant_id}"
    return base if tab == _FIRST else f"{base}/{tab}"


async def read_frame(
    application: Application, owner: TenantId, tab: str, language: str
) -> CustomerFrame:
    """Read the frame.

    Raises:
        OrganisationNotFound: there is no such customer.
    """
    async with application.work(owner):
        organisation = await application.read_organisation(owner)
        account = await application.read_billing_terms(owner)
    text_id = format_id("ten", owner)
    return CustomerFrame(
        base=tab_url(text_id, _FIRST),
        owner=owner,
        tenant_id=text_id,
        customer=organisation.name,
        sandbox=organisation.sandbox,
        currency=organisation.currency,
        zone=organisation.zone,
        tabs=tuple(
            Choice(tab_url(text_id, name), translate(language, words), name == tab)
            for name, words in _TABS.items()
        ),
        account=account,
        halted=told(language, account.parked_reason) if account and account.parked_reason else None,
    )


async def customer_page(
    request: PageRequest,
    application: Application,
    frame: CustomerFrame,
    template: str,
    *,
    form: Form | None = None,
    status: int = 200,
    **values: object,
) -> Page:
    """Render a page within its frame; times are the customer's own."""
    around = replace(await shell(request, application, SECTION), zone=frame.zone)
    return respond(
        request, template, around, status=status, customer=frame, form=form or Form(), **values
    )


async def confirm_page(
    request: PageRequest, application: Application, frame: CustomerFrame, view: ConfirmView
) -> Page:
    """Ask before it is done."""
    return await customer_page(request, application, frame, "finance/confirm.html", view=view)
