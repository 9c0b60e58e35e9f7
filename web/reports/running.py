"""Runs a report for a member of staff: what is read of one organisation is on its record."""

from typing import Any

from litestar import Request

from billing.domain.reports.sheet import Sheet
from billing.services.revenue.reports.asked import Asked
from control_plane.audit.openings import record_opening
from control_plane.kernel.ids import format_id
from web.api.common import principal
from web.compose import Application


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
    async with application.work(owner) as session:
        await application.read_organisation(owner)
        sheets = await application.run_report(name, asked)
        actor, opened = principal(request).actor, format_id("ten", owner)
        await record_opening(session, owner, actor, "report", opened)
        return sheets
