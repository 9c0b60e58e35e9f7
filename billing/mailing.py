"""Asks for the mail that tells of an issued invoice, in the transaction that issues it."""

from collections.abc import Sequence

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
    organisation: Organisation, readers: tuple[str, ...], invoice: InvoiceSummary
) -> list[Write]:
    """Return one message for each reader, in the organisation's language."""
    fields = {
        "invoice_id": str(invoice.id),
        "number": invoice.number,
        "total": invoice.total.decimal_text(),
        "currency": invoice.total.currency.code,
        "organisation": organisation.name,
    }
    return [
        message(
            organisation.id,
            MAIL_REQUESTED,
            {
                "to": reader,
                "template": "invoice_issued",
                "fields": fields,
                "language": organisation.language,
            },
        )
        for reader in readers
    ]
