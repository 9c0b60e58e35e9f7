"""``tallyard invoice``: one invoice by its number, whoever's it is."""

import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from rich.cells import cell_len

from billing.domain.explain import ExplainedLine
from billing.domain.numbers import grouped
from billing.domain.records import InvoiceState, NoteSummary, StoredInvoice
from billing.errors import InvoiceNotFound
from billing.repositories.invoices import InvoiceFilter
from billing.services.invoicing.explain_credit_note import NoteExplanation
from billing.services.invoicing.verify_credit_note import NoteVerdict
from billing.services.list_all_invoices import CustomerInvoice
from billing.services.verify_invoice import Verdict
from control_plane.kernel.currency import Currency
from control_plane.kernel.money import Money
from web.commands.catalog import run
from web.commands.failing import refusals, shell_language
from web.compose import Application
from web.i18n import N_, told, translate

WIDEST = 96
STATES = {
    InvoiceState.ISSUED: N_("Open"),
    InvoiceState.PAID: N_("Paid"),
    InvoiceState.OVERDUE: N_("Overdue"),
    InvoiceState.UNCOLLECTIBLE: N_("Written off"),
    InvoiceState.VOIDED: N_("Voided"),
}


@dataclass(frozen=True, slots=True)
class Account:
    """Everything that is told about one invoice."""

    found: CustomerInvoice
    stored: StoredInvoice
    lines: tuple[ExplainedLine, ...]

    @property
    def usage(self) -> Mapping[str, Mapping[str, Any]]:
        """What was measured for a line, by the line's key."""
        measured = {entry["key"]: entry for entry in self.stored.inputs["usage"]}
        keys = {line["key"]: line.get("item_key", line["key"]) for line in self.body["lines"]}
        return {line: measured[item] for line, item in keys.items() if item in measured}

    @property
    def body(self) -> Mapping[str, Any]:
        """The frozen body."""
        return self.stored.content


@click.group()
def invoice() -> None:
    """Explain, verify and draw an invoice of any tenant."""


@invoice.command()
@click.argument("number")
@refusals
def explain(number: str) -> None:
    """Say how NUMBER came about: from its total to its lines, tiers, fractions and events."""
    language = shell_language()
    account = run(lambda application: _told(application, number, language))
    told = (
        explanation(account, language, _width())
        if isinstance(account, Account)
        else note_explanation(account, language, _width())
    )
    for line in told:
        click.echo(line)


@invoice.command()
@click.argument("number")
@refusals
def verify(number: str) -> None:
    """Make NUMBER, of an invoice or a credit note, again from its manifest and the stored events.

    Every byte is compared; status 1 when anything differs.
    """
    language = shell_language()
    verdict = run(lambda application: _verdict(application, number))
    said = N_("confirmed: the same inputs give the same bytes")
    if not verdict.confirmed:
        said = N_("NOT confirmed: what follows differs")
    click.echo(f"{number}  {translate(language, said)}")
    click.echo(f"  sha256 {verdict.sha256}")
    click.echo(f"  {translate(language, N_('rating version'))} {verdict.version}")
    for difference in verdict.differences:
        click.echo(f"  {told(language, difference)}")
    same = N_("rating version {version}, the newest, comes to the same amounts")
    if verdict.newest:
        same = N_("rating version {version}, the newest, comes to other amounts")
    click.echo(f"  {translate(language, same, version=verdict.newest_version)}")
    for difference in verdict.newest:
        click.echo(f"  {told(language, difference)}")
    raise SystemExit(0 if verdict.confirmed else 1)


@invoice.command()
@click.argument("number")
@click.argument("file", type=click.Path(dir_okay=False, writable=True, path_type=Path))
@refusals
def pdf(number: str, file: Path) -> None:
    """Write NUMBER as a PDF to FILE."""
    language = shell_language()
    content = run(lambda application: _pdf(application, number, language))
    file.write_bytes(content)
    click.echo(translate(language, N_("{file} written"), file=file))


async def find(application: Application, number: str) -> CustomerInvoice:
    """Find the invoice of that number; numbers are unique over all tenants.

    Raises:
        InvoiceNotFound: there is none.
    """
    found = await application.list_all_invoices(InvoiceFilter(number=number, limit=1))
    if not found:
        raise InvoiceNotFound(invoice_id=number)
    return found[0]


def explanation(account: Account, language: str, width: int) -> Iterator[str]:
    """Lay an invoice out for a terminal of ``width`` columns, amounts flush right."""
    summary = account.found.invoice
    currency = summary.total.currency
    yield _row(f"{summary.number}  {account.found.customer}", currency.code, width)
    dated = translate(
        language,
        N_("dated {dated}, payable by {payable_by}"),
        dated=summary.dated,
        payable_by=summary.payable_by,
    )
    yield _row(dated, translate(language, STATES[summary.state]), width)
    yield "─" * width
    total = translate(language, N_("Total of {count} lines"), count=len(account.lines))
    yield _row(total, grouped(summary.total.decimal_text()), width)
    for line in account.lines:
        yield ""
        yield from _line(line, account.usage.get(line.key), currency, language, width)
    yield "─" * width
    yield from _origin(account.stored, language)


def _line(
    line: ExplainedLine,
    usage: Mapping[str, Any] | None,
    currency: Currency,
    language: str,
    width: int,
) -> Iterator[str]:
    days = f"{line.first_day} – {line.last_day}"  # noqa: RUF001 - the dash of a range
    amount = grouped(Money(line.amount_minor, currency).decimal_text())
    yield _row(f"{line.title}  ({days})", amount, width)
    for step in line.steps:
        yield f"    {step.text}"
    if usage is not None:
        counted = translate(
            language,
            N_("Read from {events} events of {event_type}"),
            events=grouped(str(usage["events"])),
            event_type=usage["meter"]["event_type"],
        )
        yield f"    {counted}"
        yield f"    {translate(language, N_('digest'))} {usage['digest']}"


def _origin(stored: StoredInvoice, language: str) -> Iterator[str]:
    inputs = stored.inputs
    known: Iterable[tuple[str, object]] = (
        (N_("rating version"), inputs["rating_version"]),
        (N_("time zone rules"), inputs["tzdata"]),
        (N_("events as of"), inputs["cutoff"] or "-"),
        ("sha256", stored.body_sha256),
    )
    names = [(translate(language, name), value) for name, value in known]
    widest = max(cell_len(name) for name, _ in names)
    for name, value in names:
        yield f"{name}{' ' * (widest - cell_len(name))}  {value}"


def _row(left: str, right: str, width: int) -> str:
    """Put a text flush left and one flush right; Chinese characters are two columns wide."""
    gap = max(2, width - cell_len(left) - cell_len(right))
    return f"{left}{' ' * gap}{right}"


def _width() -> int:
    return min(WIDEST, shutil.get_terminal_size((WIDEST, 24)).columns)


async def _told(application: Application, number: str, language: str) -> Account | NoteExplanation:
    note = await find_note(application, number)
    if note is None:
        return await _account(application, number, language)
    return await application.explain_credit_note(
        tenant_id=note.tenant_id, note_id=note.id, language=language
    )


def note_explanation(told: NoteExplanation, language: str, width: int) -> Iterator[str]:
    """Lay a credit note out for a terminal of ``width`` columns, amounts flush right."""
    note = told.note
    currency = note.total.currency
    yield _row(f"{note.number}  {note.dated}", currency.code, width)
    yield "─" * width
    total = translate(language, N_("Total of {count} lines"), count=len(told.lines))
    yield _row(total, grouped(note.total.decimal_text()), width)
    for line in told.lines:
        yield ""
        yield from _line(line, None, currency, language, width)


async def _account(application: Application, number: str, language: str) -> Account:
    found = await find(application, number)
    tenant_id, invoice_id = found.invoice.tenant_id, found.invoice.id
    detail = await application.get_invoice(tenant_id=tenant_id, invoice_id=invoice_id)
    explained = await application.explain_invoice(
        tenant_id=tenant_id, invoice_id=invoice_id, language=language
    )
    return Account(found, detail.invoice, explained.lines)


async def find_note(application: Application, number: str) -> NoteSummary | None:
    """Find the credit note of that number, if there is one."""
    wanted = InvoiceFilter(number=number, limit=1)
    found = await application.list_all_credit_notes(wanted)
    return found[0] if found else None


async def _verdict(application: Application, number: str) -> Verdict | NoteVerdict:
    note = await find_note(application, number)
    if note is not None:
        return await application.verify_credit_note(tenant_id=note.tenant_id, note_id=note.id)
    found = (await find(application, number)).invoice
    return await application.verify_invoice(tenant_id=found.tenant_id, invoice_id=found.id)


async def _pdf(application: Application, number: str, language: str) -> bytes:
    found = (await find(application, number)).invoice
    return await application.render_invoice_pdf(
        tenant_id=found.tenant_id, invoice_id=found.id, language=language
    )
