"""``tallyard plan``: moving subscriptions to a plan's newest version."""

from datetime import datetime
from pathlib import Path

import click

from billing.domain.life.migrations import MigrationMode, MoveState
from billing.services.migrations.impact_csv import impact_csv
from billing.services.migrations.preview_migration import MigrationPreview
from billing.services.migrations.read_migrations import MigrationView
from control_plane.kernel.ids import format_id
from control_plane.kernel.money import Money
from web.api.common import instant_from
from web.commands.catalog import run
from web.commands.failing import refusals, shell_language
from web.compose import Application
from web.i18n import N_, translate

ACTOR = "cli"


@click.group()
def plan() -> None:
    """Move subscriptions to a plan's newest version."""


@plan.command()
@click.argument("code")
@click.option(
    "--mode",
    type=click.Choice([mode.value for mode in MigrationMode]),
    default=MigrationMode.AT_RENEWAL.value,
    show_default=True,
)
@click.option("--on", "on_date", help="The instant for --mode on_date, with its offset.")
@click.option(
    "--csv",
    "file",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write the preview to this file too.",
)
@click.option("--run", "confirmed", is_flag=True, help="Do it; without, only show what it means.")
@refusals
def migrate(
    code: str, mode: str, on_date: str | None, file: Path | None, *, confirmed: bool
) -> None:
    """Show who pays more and who less under CODE's newest version; with --run, move them.

    A run goes on where it was interrupted; one tenant that cannot be moved stops nobody.
    """
    language, wanted = shell_language(), MigrationMode(mode)
    at = instant_from(on_date, field="on_date") if on_date else None
    if not confirmed:
        found = run(
            lambda application: application.preview_migration(
                plan_code=code, mode=wanted, on_date=at
            )
        )
        for line in preview_lines(found, language):
            click.echo(line)
        if file is not None:
            file.write_text(impact_csv(found), encoding="utf-8")
        return
    view = run(lambda application: _migrated(application, code, wanted, at))
    for state in MoveState:
        click.echo(f"{state.value:>8}  {view.counts.get(state, 0)}")
    for move in view.moves:
        if move.state is MoveState.FAILED:
            where = format_id("ten", move.tenant_id), format_id("sub", move.subscription_id)
            click.echo(f"{where[0]}  {where[1]}  {move.reason}")
    raise SystemExit(1 if view.counts.get(MoveState.FAILED) else 0)


async def _migrated(
    application: Application, code: str, mode: MigrationMode, at: datetime | None
) -> MigrationView:
    made = await application.start_migration(plan_code=code, mode=mode, on_date=at, actor=ACTOR)
    await application.migrate_plans.run()
    return await application.list_migrations.one(made.id)


def preview_lines(found: MigrationPreview, language: str) -> list[str]:
    """Return a preview as lines for a terminal."""
    head = translate(
        language,
        N_("To {version}: {moved} subscriptions, {dearer} pay more, {cheaper} pay less."),
        version=found.to_label,
        moved=len(found.moved),
        dearer=len(found.dearer),
        cheaper=len(found.cheaper),
    )
    rows = [
        f"{impact.customer}  {impact.from_label}  "
        f"{_text(impact.before)} → {_text(impact.after)}  {impact.reason or ''}".rstrip()
        for impact in found.impacts
    ]
    return [head, *rows]


def _text(amount: Money | None) -> str:
    return "" if amount is None else amount.decimal_text()
