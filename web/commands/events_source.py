"""``tallyard events source``: usage read from brokers' streams."""

import asyncio

import click

from control_plane.kernel.ids import format_id
from control_plane.kernel.instants import instant_text
from metering.services.list_dead_messages import DeadMessage
from web.commands.catalog import run
from web.commands.failing import refusals, shell_language
from web.compose import Application
from web.i18n import N_, translate

_SHOWN = 200


@click.group()
def source() -> None:
    """Read usage from a broker's stream, as a worker does by itself."""


@source.command()
@click.option("--once", is_flag=True, help="End when nothing waits any more.")
@refusals
def nats(*, once: bool) -> None:
    """Read the stream that TALLYARD_NATS_URL and its like name, each message exactly once."""
    read = run(lambda application: _read(application, once=once))
    click.echo(translate(shell_language(), N_("{count} messages read"), count=read))


async def _read(application: Application, *, once: bool) -> int:
    job, read = application.read_nats, 0
    try:
        while True:
            found = await job.run()
            read += found
            if once and not found:
                return read
            await asyncio.sleep(0 if found else job.every_seconds)
    finally:
        await job.close()


@source.command()
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True)
@refusals
def dead(limit: int) -> None:
    """List messages of which something was refused, the latest first, each with the reasons."""
    found = run(lambda application: application.list_dead_messages(limit=limit))
    for message in found:
        click.echo(_line(message))
    if not found:
        click.echo(translate(shell_language(), N_("Nothing was refused.")), err=True)


def _line(message: DeadMessage) -> str:
    reasons = (
        f"{reason['reason']}" + (f" ({reason['id']})" if reason.get("id") else "")
        for reason in message.reasons
    )
    owner = "-" if message.tenant_id is None else format_id("ten", message.tenant_id)
    body = message.body[:_SHOWN].decode(errors="replace").replace("\n", " ")
    return "  ".join(
        (
            instant_text(message.seen_at),
            owner,
            message.subject,
            str(message.sequence),
            ", ".join(reasons),
            body,
        )
    )
