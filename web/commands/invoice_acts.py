"""``tallyard invoice pay``, ``credit``, ``void`` and ``write-off``: what finance does to one."""

from collections.abc import Awaitable, Callable
from typing import Any

import click

from control_plane.kernel.money import Money
from web.commands.catalog import run
from web.commands.failing import refusals, shell_language
from web.commands.invoice import STATES, find
from web.commands.invoice_events import invoice
from web.compose import Application
from web.i18n import translate

__all__ = ["invoice"]

ACTOR = "cli"
_REASON = click.option("--reason", required=True, help="Kept in the organisation's audit record.")


@invoice.command()
@click.argument("number")
@click.argument("amount")
@click.option("--reference", required=True, help="The transfer's on the statement; counts once.")
@refusals
def pay(number: str, amount: str, reference: str) -> None:
    """Record that a transfer of AMOUNT (such as 1999.00) for NUMBER arrived."""

    async def paid(application: Application, about: dict[str, Any]) -> object:
        total = (await find(application, number)).invoice.total
        given = Money.parse(amount, total.currency)
        return await application.record_payment(**about, amount=given, reference=reference)

    _act(number, paid)


@invoice.command()
@click.argument("number")
@_REASON
@refusals
def credit(number: str, reason: str) -> None:
    """Give back what is left of NUMBER by a credit note."""
    _act(number, lambda application, about: application.issue_credit_note(**about, reason=reason))


@invoice.command()
@click.argument("number")
@_REASON
@refusals
def void(number: str, reason: str) -> None:
    """Void NUMBER, of which nothing is settled. What it billed is billed again next."""
    _act(number, lambda application, about: application.void_invoice(**about, reason=reason))


@invoice.command("write-off")
@click.argument("number")
@_REASON
@refusals
def write_off(number: str, reason: str) -> None:
    """Write off what is open on NUMBER. A payment that comes after all is still taken."""
    _act(number, lambda application, about: application.write_off_invoice(**about, reason=reason))


def _act(number: str, act: Callable[[Application, dict[str, Any]], Awaitable[object]]) -> None:
    """Do something to an invoice, and say how it then stands."""

    async def acted(application: Application) -> str:
        found = (await find(application, number)).invoice
        about = {"tenant_id": found.tenant_id, "invoice_id": found.id, "actor": ACTOR}
        await act(application, about)
        after = (await find(application, number)).invoice
        return f"{number}  {translate(shell_language(), STATES[after.state])}"

    click.echo(run(acted))
