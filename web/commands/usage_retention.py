"""``tallyard usage retention``: which months of events go, which stay, and why."""

import click

from control_plane.kernel.ids import format_id
from metering.domain.retention import Kept, Verdict
from metering.services.apply_retention import RetentionDone, RetentionPlan
from web.commands.catalog import run
from web.commands.failing import refusals, shell_language
from web.i18n import N_, translate

_MOST_NAMED = 5

_WHY = {
    Kept.YOUNG: N_("stays: not old enough"),
    Kept.NEEDED: N_("stays: needed by invoices to come of {tenants}"),
    Kept.AFTER: N_("stays: an earlier month does"),
}


@click.command()
@click.option("--apply", "apply_", is_flag=True, help="Drop what goes; without it nothing is.")
@refusals
def retention(*, apply_: bool) -> None:
    """Show each month of usage events, and whether TALLYARD_USAGE_RETENTION_DAYS drops it.

    The worker applies the policy once a day; --apply does so now.
    """
    plan = run(lambda application: application.apply_retention.plan())
    for verdict in plan.verdicts:
        click.echo(_line(verdict, plan))
    if plan.kept_from is None:
        click.echo(translate(shell_language(), N_("Events are kept for ever.")), err=True)
    if apply_:
        click.echo(_done(run(lambda application: application.apply_retention())))


def _line(verdict: Verdict, plan: RetentionPlan) -> str:
    month = verdict.month
    size = f"{month.size_bytes:>14,}"
    if plan.kept_from is None or verdict.kept is None:
        goes = plan.kept_from is not None
        said = N_("goes") if goes else N_("stays")
        return f"{month.start:%Y-%m}  {size}  {translate(shell_language(), said)}"
    named = [format_id("ten", tenant) for tenant in verdict.tenants[:_MOST_NAMED]]
    more = ["…"] if len(verdict.tenants) > _MOST_NAMED else []
    why = translate(shell_language(), _WHY[verdict.kept], tenants=", ".join([*named, *more]))
    return f"{month.start:%Y-%m}  {size}  {why}"


def _done(done: RetentionDone) -> str:
    return translate(
        shell_language(),
        N_(
            "Dropped {months} month(s) and {events} other event(s); "
            "{identities} identity(ies) forgotten."
        ),
        months=done.months,
        events=done.events,
        identities=done.identities,
    )
