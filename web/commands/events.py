"""``tallyard events``: usage events that were not counted."""

import click

from control_plane.kernel.ids import TenantId
from control_plane.kernel.instants import instant_text
from metering.domain.events import RefusedPage
from web.api.common import id_from
from web.commands.catalog import run
from web.commands.events_import import import_events
from web.commands.events_source import source
from web.commands.failing import refusals, shell_language
from web.commands.quarantine import discard, quarantined, replay
from web.i18n import N_, translate


@click.group()
def events() -> None:
    """Look at usage events, and take them in from files and brokers."""


events.add_command(import_events)
events.add_command(source)


events.add_command(quarantined)
events.add_command(replay)
events.add_command(discard)


@events.command()
@click.option("--tenant", required=True, help="The organisation (ten_…).")
@click.option("--limit", type=click.IntRange(1, 500), default=100, show_default=True)
@click.option("--after", type=click.IntRange(0), help="The mark that the page before ended with.")
@refusals
def refused(tenant: str, limit: int, after: int | None) -> None:
    """List events that came too late to be counted, the latest refusal first.

    Each is one line: when it was refused, its own time, type, source, id and data.
    """
    owner = TenantId(id_from("ten", tenant))
    page = run(
        lambda application: application.list_refused_usage(
            tenant_id=owner, after=after, limit=limit
        )
    )
    for line in _lines(page):
        click.echo(line)
    if not page.refused:
        click.echo(translate(shell_language(), N_("Nothing was refused.")), err=True)
    if page.after is not None:
        click.echo(f"--after {page.after}", err=True)


def _lines(page: RefusedPage) -> list[str]:
    return [
        "  ".join(
            (
                instant_text(kept.refused_at),
                instant_text(kept.event.time),
                kept.event.type,
                kept.event.source,
                kept.event.id,
                kept.event.data_json.decode(),
            )
        )
        for kept in page.refused
    ]
