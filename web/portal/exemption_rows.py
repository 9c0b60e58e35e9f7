"""Certificates of exemption as rows, and what one can be of."""

from collections.abc import Mapping
from datetime import date

from billing.domain.tax.sale import Exemption
from billing.services.tax.read_tax import TaxTables
from control_plane.kernel.calendar import local_date
from control_plane.kernel.errors import ErrorKind, TallyardError
from control_plane.kernel.ids import TenantId, format_id
from web.compose import Application
from web.i18n import N_, translate
from web.portal.views.shell import Choice
from web.portal.views.terms import ExemptionRow

CODES: Mapping[str, str] = {
    "E": N_("Exempt from tax"),
    "Z": N_("Zero rate"),
    "O": N_("Outside the scope of tax"),
    "G": N_("Export, free of tax"),
}


class DayInvalid(TallyardError):
    """A text is no day of the calendar."""

    code = "day_invalid"
    kind = ErrorKind.INVALID
    message = "“{value}” is no day."
    remedy = "Give a day as in 2026-01-31."


def day_from(text: str, field: str) -> date:
    """Read a day.

    Raises:
        DayInvalid: the text is none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise DayInvalid(value=text[:20], field=field) from error


def tax_choices(tables: TaxTables, language: str) -> dict[str, tuple[Choice, ...]]:
    """Return what an exemption can be of: places, categories, and what it is called."""
    places = sorted({rate.jurisdiction for rate in tables.rates})
    categories = sorted({rate.category for rate in tables.rates})
    every = Choice("", translate(language, N_("Everything")))
    return {
        "jurisdictions": tuple(Choice(place, place) for place in places),
        "categories": (every, *(Choice(category, category) for category in categories)),
        "codes": tuple(
            Choice(code, f"{code} · {translate(language, words)}") for code, words in CODES.items()
        ),
    }


async def exemption_rows(
    application: Application, owner: TenantId, zone: str, language: str
) -> tuple[ExemptionRow, ...]:
    """Read a customer's certificates, the earliest first; today is a day of its ``zone``."""
    async with application.work(owner) as session:
        today = local_date(await application.tenant_clock.now(session, owner), zone)
        found = await application.exempt_customer.list(owner)
    return tuple(
        ExemptionRow(
            exemption_id=format_id("txe", exemption_id),
            certificate=exemption.certificate,
            covers=" · ".join(
                (
                    exemption.jurisdiction,
                    exemption.category or translate(language, N_("Everything")),
                    translate(language, CODES.get(exemption.code, exemption.code)),
                )
            ),
            reason=exemption.reason.in_language(language),
            valid_from=exemption.valid_from,
            valid_to=exemption.valid_to,
            state=_state(exemption, today),
        )
        for exemption_id, exemption in found
    )


def _state(exemption: Exemption, today: date) -> str:
    if exemption.valid_to is not None and exemption.valid_to <= today:
        return "ended"
    return "active" if exemption.valid_from <= today else "scheduled"
