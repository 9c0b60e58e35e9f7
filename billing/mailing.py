"""Asks for the mail that tells of an issued invoice, in the transaction that issues it."""

from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.records import InvoiceSummary
from control_plane.runtime.outbox import enqueue
from control_plane.runtime.topics import MAIL_REQUESTED
from control_plane.tenancy.domain import Organisation, Role
from control_plane.tenancy.repository import MemberRepository

READERS = frozenset({Role.OWNER, Role.BILLING})


async def readers_of(session: AsyncSession, organisation: Organisation) -> tuple[str, ...]:
    """Return the addresses that are told of the organisation's invoices.

    Nobody is told of a sandbox's: no money is owed, and its clock may issue years in a minute.
    """
    if organisation.sandbox:
        return ()
    return await MemberRepository(session).addresses(organisation.id, READERS)


async def request_mail(
    session: AsyncSession,
    organisation: Organisation,
    readers: tuple[str, ...],
    invoice: InvoiceSummary,
) -> None:
    """Enqueue one message for each reader, in the organisation's language."""
    fields = {
        "invoice_id": str(invoice.id),
        "number": invoice.number,
        "total": invoice.total.decimal_text(),
        "currency": invoice.total.currency.code,
        "organisation": organisation.name,
    }
    for reader in readers:
        payload = {
            "to": reader,
            "template": "invoice_issued",
            "fields": fields,
            "language": organisation.language,
        }
        await enqueue(session, organisation.id, MAIL_REQUESTED, payload)
