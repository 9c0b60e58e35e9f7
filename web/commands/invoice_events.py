"""``tallyard invoice events``: what was counted for a line, page by page."""

import click

from control_plane.kernel.calendar import instant_text
from metering.domain.events import EventPage
from web.commands.catalog import run
from web.commands.failing import refusals, shell_language
from web.commands.invoice import find, find_note
from web.commands.invoice_export import invoice
from web.compose import Application
from web.i18n import N_, translate

__all__ = ["events", "invoice"]


@invoice.command()
@click.argument("number")
@click.argument("line")
@click.option("--after", help="Where the page before ended.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 1000))
@refusals
def events(number: str, line: str, after: str | None, limit: int) -> None:
    """List the events that LINE (its key) of the document NUMBER was measured by."""
    found = run(lambda application: _events(application, number, line, after, limit))
    for event in found.events:
        click.echo(
            f"{instant_text(event.time)}  {event.source}  {event.id}  {event.data_json.decode()}"
        )
    if found.after is not None:
        said = translate(shell_language(), N_("more: --after {mark}"), mark=found.after)
        click.echo(said, err=True)


async def _events(
    application: Application, number: str, line: str, after: str | None, limit: int
) -> EventPage:
    note = await find_note(application, number)
    if note is not None:
        return await application.list_line_events.of_note(
            tenant_id=note.tenant_id, note_id=note.id, line_key=line, after=after, limit=limit
        )
    found = (await find(application, number)).invoice
    return await application.list_line_events(
        tenant_id=found.tenant_id, invoice_id=found.id, line_key=line, after=after, limit=limit
    )
