"""``tallyard simulate``: what a scenario's invoices would be, with every reason."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec
from rich.cells import cell_len

from billing.domain.numbers import grouped
from billing.services.whatif.simulate import Simulate
from web.api.simulations import SimulatedDocument, SimulationView, simulation_view
from web.commands.failing import refusals, shell_language
from web.i18n import N_, translate

WIDTH = 96
_KINDS = {"invoice": N_("Invoice"), "credit_note": N_("Credit note")}


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print what the API would answer.")
@refusals
def simulate(file: Path, *, as_json: bool) -> None:
    """Compute the invoices of a scenario FILE (YAML or JSON). Needs no database, keeps nothing."""
    language = shell_language()
    found = asyncio.run(Simulate()(file.read_text(encoding="utf-8")))
    view = simulation_view(found, language)
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(view), ensure_ascii=False, indent=2))
        return
    for line in told(view, language):
        click.echo(line)


def told(view: SimulationView, language: str) -> Iterator[str]:
    """Lay a simulation out for a terminal, amounts flush right."""
    for document in view.documents:
        yield from _document(document, language)
        yield ""
    yield "─" * WIDTH
    sums = (
        (N_("Net, credit notes taken off"), view.net),
        (N_("Tax"), view.tax),
        (N_("Total"), view.total),
    )
    for name, amount in sums:
        yield _row(translate(language, name), f"{grouped(amount)} {view.currency}")


def _document(document: SimulatedDocument, language: str) -> Iterator[str]:
    kind = translate(language, _KINDS[document.kind])
    yield _row(f"{kind} {document.number}  {document.dated}", grouped(document.total))
    for line in document.lines:
        days = f"{line.first_day} – {line.last_day}"  # noqa: RUF001 - the dash of a range
        yield _row(f"  {line.title}  ({days})", grouped(line.amount))
        for step in line.steps:
            yield f"      {step}"
    if document.kind == "invoice" and document.due != document.total:
        yield _row(f"  {translate(language, N_('Amount due'))}", grouped(document.due))


def _row(left: str, right: str) -> str:
    """Put a text flush left and one flush right; Chinese characters are two columns wide."""
    return f"{left}{' ' * max(2, WIDTH - cell_len(left) - cell_len(right))}{right}"
