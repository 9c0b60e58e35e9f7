"""The choice of one customer in finance's filters: the newest, and the one that is chosen."""

from collections.abc import Sequence

from control_plane.kernel.ids import TenantId, format_id
from control_plane.tenancy.services.list_organisations import OrganisationOverview
from web.compose import Application
from web.i18n import N_, translate
from web.portal.views.shell import Choice

MOST_CUSTOMERS = 500
_MORE = N_("The newest {count} are listed here. Every other is found by name under Customers.")


async def customer_choices(
    application: Application, chosen: TenantId | None, language: str
) -> tuple[Choice, ...]:
    """Return all customers, at most the newest 500 and the one that is ``chosen`` already."""
    newest = await application.list_organisations(limit=MOST_CUSTOMERS)
    if chosen is not None and chosen not in {o.id for o in newest}:
        newest = (*newest, *(await application.list_organisations.of([chosen])).values())
    return (Choice("", translate(language, N_("All")), chosen is None), *_named(newest, chosen))


def _named(found: Sequence[OrganisationOverview], chosen: TenantId | None) -> list[Choice]:
    return [Choice(format_id("ten", o.id), o.name, o.id == chosen) for o in found]


def more_customers(choices: Sequence[Choice], language: str) -> str | None:
    """Say that the choice does not hold everybody, where it may not."""
    if len(choices) <= MOST_CUSTOMERS:
        return None
    return translate(language, _MORE, count=MOST_CUSTOMERS)
