"""``tallyard invoice export``: a document as a file, by its number, whoever's it is."""

from pathlib import Path

import click

from billing.documents.exporting import DocumentForm, ExportedFile
from web.commands.catalog import run
from web.commands.failing import refusals, shell_language
from web.commands.invoice import invoice
from web.compose import Application
from web.i18n import N_, translate

__all__ = ["export", "invoice"]


@invoice.command()
@click.argument("number")
@click.option(
    "--as",
    "form",
    type=click.Choice([form.value for form in DocumentForm]),
    default=DocumentForm.PDF.value,
    show_default=True,
    help="UBL and CII are e-invoices of EN 16931; facturx is a PDF with one inside.",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="The file to write; by default named after the document, here.",
)
@refusals
def export(number: str, form: str, output: Path | None) -> None:
    """Write the invoice or credit note NUMBER to a file."""
    language = shell_language()
    file = run(lambda application: _export(application, number, DocumentForm(form), language))
    target = output or Path(file.name)
    target.write_bytes(file.content)
    click.echo(translate(language, N_("{file} written"), file=target))


async def _export(
    application: Application, number: str, form: DocumentForm, language: str
) -> ExportedFile:
    found = await application.find_document(number)
    if found.note_id is not None:
        return await application.export_credit_note(
            tenant_id=found.tenant_id, note_id=found.note_id, form=form, language=language
        )
    assert found.invoice_id is not None  # noqa: S101 - it is one or the other
    return await application.export_invoice(
        tenant_id=found.tenant_id, invoice_id=found.invoice_id, form=form, language=language
    )
