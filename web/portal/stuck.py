"""What is stuck, as rows of the operator's page."""

from collections.abc import AsyncIterator, Mapping

from control_plane.kernel.ids import TenantId, format_id
from web.compose import Application
from web.i18n import N_, listing, told, translate
from web.portal.views.operator import StuckRow

MOST = 20


async def stuck_rows(
    application: Application, names: Mapping[TenantId, str], language: str
) -> tuple[StuckRow, ...]:
    """Return at most twenty of each kind; ``names`` are the organisations'."""
    return tuple([row async for row in _rows(application, names, language)])


async def _rows(
    application: Application, names: Mapping[TenantId, str], language: str
) -> AsyncIterator[StuckRow]:
    def name(tenant_id: TenantId) -> str:
        return names.get(tenant_id) or format_id("ten", tenant_id)

    for account in await application.list_halted_accounts(limit=MOST):
        yield StuckRow(
            N_("Billing halted"),
            name(account.tenant_id),
            account.parked_at,
            told(language, account.reason),
        )
    for finding in await application.list_findings(limit=MOST):
        rule = translate(language, finding.rule)
        reason = f"{rule}: {listing(language, finding.places)}"
        yield StuckRow(N_("Books do not agree"), name(finding.tenant_id), finding.found_at, reason)
    for clock in await application.list_stuck_clocks(limit=MOST):
        yield StuckRow(N_("Test clock stopped"), name(clock.tenant_id), None, clock.last_error)
    for message in await application.runtime_state.dead_messages(limit=MOST):
        reason = f"{message.topic}: {message.last_error or ''}"
        yield StuckRow(N_("Message given up"), name(message.tenant_id), message.dead_at, reason)
    for run in await application.runtime_state.job_runs():
        if run.last_error:
            reason = f"{run.name}: {run.last_error}"
            yield StuckRow(N_("Job failing"), None, run.started_at, reason)
