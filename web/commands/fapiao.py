"""``tallyard fapiao``: what waits for finance, and the numbers of those issued by hand."""

import click

from billing.domain.fapiao.errors import FapiaoNotFound
from billing.domain.fapiao.records import Fapiao
from billing.domain.fapiao.states import IN_FLIGHT, STOPPED, FapiaoState
from billing.repositories.fapiao import FapiaoFilter
from billing.services.fapiao.list_fapiao import CustomerFapiao
from control_plane.kernel.ids import FapiaoId, format_id, parse_id
from web.commands.catalog import run
from web.commands.failing import refusals, shell_language
from web.compose import Application
from web.i18n import translate
from web.portal.labels import state_label

ACTOR = "tallyard"
_MOST = 500


@click.group()
def fapiao() -> None:
    """See what fapiao wait, and record what was issued by hand."""


@fapiao.command()
@refusals
def queue() -> None:
    """List every tenant's fapiao that are under way, failed or refused, the oldest first."""
    language = shell_language()
    wanted = FapiaoFilter(
        states=frozenset({FapiaoState.REQUESTED, *IN_FLIGHT, *STOPPED}), limit=_MOST
    )
    for entry in reversed(run(lambda application: application.list_all_fapiao(wanted))):
        _, words = state_label(f"fapiao_{entry.fapiao.state.value}")
        found = entry.fapiao
        click.echo(
            f"{format_id('fap', found.id)}  {found.requested_at:%Y-%m-%d}  "
            f"{found.total.decimal_text():>14}  {translate(language, words)}  {entry.customer}"
            + (f"  {found.failure}" if found.failure else "")
        )


@fapiao.command()
@click.argument("fapiao_id")
@click.argument("number")
@refusals
def number(fapiao_id: str, number: str) -> None:
    """Record the 20-digit NUMBER of a fapiao that was issued by hand."""
    wanted = FapiaoId(parse_id("fap", fapiao_id))
    issued = run(lambda application: _record(application, wanted, number))
    click.echo(f"{fapiao_id}  {issued.number}")


@fapiao.command()
@click.argument("fapiao_id")
@refusals
def retry(fapiao_id: str) -> None:
    """Ask again for a fapiao that failed or was refused."""
    wanted = FapiaoId(parse_id("fap", fapiao_id))
    again = run(lambda application: _retry(application, wanted))
    click.echo(again.request_id)


async def _find(application: Application, wanted: FapiaoId) -> CustomerFapiao:
    """Find a fapiao whoever's it is.

    Raises:
        FapiaoNotFound: there is none of that id.
    """
    found = await application.list_all_fapiao(FapiaoFilter(id=wanted, limit=1))
    if not found:
        raise FapiaoNotFound(fapiao_id=format_id("fap", wanted))
    return found[0]


async def _record(application: Application, wanted: FapiaoId, number: str) -> Fapiao:
    entry = await _find(application, wanted)
    return await application.record_fapiao.issued(
        tenant_id=entry.fapiao.tenant_id, fapiao_id=wanted, number=number, actor=ACTOR
    )


async def _retry(application: Application, wanted: FapiaoId) -> Fapiao:
    entry = await _find(application, wanted)
    return await application.retry_fapiao(
        tenant_id=entry.fapiao.tenant_id, fapiao_id=wanted, actor=ACTOR
    )
