"""From the texts of an address or a command line to what a report is asked."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from billing.domain.ledger import Account
from billing.repositories.revenue import Scope
from billing.services.revenue.reports.asked import Asked, Grouping
from control_plane.kernel.currency import currency
from control_plane.kernel.errors import ErrorKind, TallyardError
from control_plane.kernel.ids import TenantId
from web.api.common import choice_from, id_from

ASKED = ("first", "last", "tenant_id", "entity", "currency", "by", "account")
"""What may be said of a report, all of it optional."""


class DayInvalid(TallyardError):
    """A text is not a day of the calendar."""

    code = "day_invalid"
    kind = ErrorKind.INVALID
    message = "“{value}” is not a day such as 2026-10-31."
    remedy = "Write the year, the month and the day, with hyphens."


def asked_from(said: Mapping[str, str | None], today: date) -> Asked:
    """Read what a report is asked; by default the year up to ``today``, over all live tenants.

    Raises:
        DayInvalid, ChoiceInvalid, ThingNotFound, UnknownCurrency: a text cannot be read.
    """
    last = day_from(said.get("last"), today, field="last")
    first = day_from(said.get("first"), last.replace(month=1, day=1), field="first")
    asked = Asked(first=first, last=last, scope=_scope(said))
    if by := said.get("by"):
        asked = replace(asked, by=choice_from(Grouping, by, field="by"))
    if account := said.get("account"):
        asked = replace(asked, account=choice_from(Account, account, field="account"))
    return asked


def _scope(said: Mapping[str, str | None]) -> Scope:
    tenant, code = said.get("tenant_id"), said.get("currency")
    return Scope(
        tenant_id=TenantId(id_from("ten", tenant)) if tenant else None,
        entity=said.get("entity") or None,
        currency=currency(code).code if code else None,
    )


def day_from(text: str | None, default: date, *, field: str) -> date:
    """Read a day in ISO 8601; nothing said is the default.

    Raises:
        DayInvalid: the text is no such day.
    """
    if not text:
        return default
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise DayInvalid(value=text, field=field) from error
