"""Runs a report for a member of staff: what is read of one organisation is on its record."""

from typing import Any

from litestar import Request

from billing.domain.reports.sheet import Sheet
from billing.services.revenue.reports.asked import Asked
from web.compose import Application
from web.openings import opened_by_staff


async def run_for_staff(
    request: Request[Any, Any, Any], application: Application, name: str, asked: Asked
) -> list[Sheet]:
    """Return a report's sheets; one over a single organisation is recorded there as opened.

    Raises:
        ReportNotFound, ReportSpanInvalid: see `RunReport`.
        OrganisationNotFound: there is none of that id.
    """
    owner = asked.scope.tenant_id
    if owner is None:
        return await application.run_report(name, asked)
    async with opened_by_staff(request, application, owner, "report"):
        await application.read_organisation(owner)
        return await application.run_report(name, asked)
