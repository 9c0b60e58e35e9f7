"""Asks for mails that tell of an invoice, in the transaction that issues it or finds it late."""

from collections.abc import Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.records import InvoiceSummary
from control_plane.runtime.outbox import message
from control_plane.runtime.topics import MAIL_REQUESTED
from control_plane.runtime.writes import Write
from control_plane.tenancy.domain import Organisation, Role
from control_plane.tenancy.repository import MemberRepository

READERS = frozenset({Role.OWNER, Role.BILLING})


async def readers_of(session: AsyncSession, organisation: Organisation) -> tuple[str, ...]:
    """Return the addresses that are told of the organisation's invoices."""
    return told(organisation, await MemberRepository(session).addresses(organisation.id, READERS))


def told(organisation: Organisation, addresses: Sequence[str]) -> tuple[str, ...]:
    """Return whom of its readers an organisation has told.

    Nobody is told of a sandbox's: no money is owed, and its clock may issue years in a minute.
    """
    return () if organisation.sandbox else tuple(addresses)


def mails(
    organisation: Organisation, readers: Sequence[str], invoice: InvoiceSummary
) -> list[Write]:
    """Return one message for each reader that the invoice was issued."""
    return _messages(
        organisation, readers, invoice, "invoice_issued", {"total": invoice.total.decimal_text()}
    )


def reminders(
    organisation: Organisation, readers: Sequence[str], invoice: InvoiceSummary
) -> list[Write]:
    """Return one message for each reader that the day the invoice was payable by has passed."""
    late = {"open": invoice.open.decimal_text(), "day": invoice.payable_by.isoformat()}
    return _messages(organisation, readers, invoice, "invoice_overdue", late)


def _messages(
    organisation: Organisation,
    readers: Sequence[str],
    invoice: InvoiceSummary,
    template: str,
    amounts: Mapping[str, str],
) -> list[Write]:
    """Write to each reader in the organisation's language."""
    fields = {
        "invoice_id": str(invoice.id),
        "number": invoice.number,
        "currency": invoice.total.currency.code,
        "organisation": organisation.name,
        **amounts,
    }
    asked = {"template": template, "fields": fields, "language": organisation.language}
    return [message(organisation.id, MAIL_REQUESTED, {"to": reader, **asked}) for reader in readers]
