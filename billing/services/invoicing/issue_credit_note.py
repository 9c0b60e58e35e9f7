"""Issue a credit note out of goodwill, or to correct what only people can know."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from billing.closing import Books, Closing
from billing.domain.assembling import CreditedLine, CreditExceedsLine, LineNotOnInvoice
from billing.domain.converge import Cut, Instant, Settled
from billing.domain.documents.reading import billed_invoice, credited
from billing.domain.records import InvoiceState, NoteSummary, StoredInvoice
from billing.drafting import GOODWILL
from billing.drafts import Drafts
from billing.errors_documents import (
    InvoiceEnded,
)
from billing.invoicing import Convergence
from billing.reasons import readable_reason
from billing.repositories.billed import BilledRepository
from billing.repositories.invoices import InvoiceRepository
from billing.repositories.notes import NoteRepository
from control_plane.audit.record import record
from control_plane.kernel.ids import InvoiceId, TenantId, format_id
from control_plane.kernel.money import Money
from control_plane.runtime.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class IssueCreditNote:
    """Give back all of an invoice that is left, or parts of its lines.

    What is given back so is owed all the same by the timeline, and is not billed again.
    """

    work: UnitOfWork
    closing: Closing

    async def __call__(
        self,
        *,
        tenant_id: TenantId,
        invoice_id: InvoiceId,
        reason: str,
        actor: str,
        lines: Mapping[str, Money] | None = None,
    ) -> NoteSummary:
        """Issue the note, and return it.

        Args:
            tenant_id: whose invoice it is.
            invoice_id: the invoice that is corrected.
            reason: why, for the record.
            actor: who gives.
            lines: by line key, how much of the line before discounts; None for all that is left.

        Raises:
            InvoiceNotFound: the tenant has none of that id.
            InvoiceEnded: it was voided.
            LineNotOnInvoice, CreditExceedsLine: a line has not as much.
            AccountParked: billing is halted.
            ReasonMissing: there is no reason.
        """
        reason = readable_reason(reason)
        async with self.work(tenant_id) as session:
            books = await self.closing.open_account(session, tenant_id)
            invoices = InvoiceRepository(session)
            invoice = await invoices.lock(tenant_id, invoice_id)
            if invoice.state is InvoiceState.VOIDED:
                raise InvoiceEnded(number=invoice.number, state=invoice.state.value)
            stored = await invoices.get(invoice_id)
            cuts = await self._cuts(session, books, stored, lines)
            drafts = await self._draft(session, books, cuts)
            issued = await self.closing.issue(session, books, drafts, actor)
            note = issued.notes[0]
            await record(
                session,
                tenant_id,
                actor,
                "credit_note.given",
                "credit_note",
                format_id("crn", note.id),
                {"reason": reason, "invoice": format_id("inv", invoice_id)},
            )
            return note

    async def _cuts(
        self,
        session: AsyncSession,
        books: Books,
        stored: StoredInvoice,
        lines: Mapping[str, Money] | None,
    ) -> tuple[Cut, ...]:
        tenant_id, invoice = books.account.tenant_id, stored.summary
        notes = await NoteRepository(session).stored_of(tenant_id, [invoice.id])
        already = credited(note.content for note in notes.get(invoice.id, ()))
        left = _left(stored, already)
        wanted = left if lines is None else dict(lines)
        items = await BilledRepository(session).items_of(tenant_id, invoice.id)
        view = await BilledRepository(session).view(tenant_id, items.values(), {})
        cuts = []
        used: dict[str, int] = {}
        for key, amount in wanted.items():
            if key not in items:
                raise LineNotOnInvoice(line=key)
            rest = left.get(key, Money.zero(invoice.total.currency))
            if not 0 < amount.minor <= rest.minor:
                raise CreditExceedsLine(line=key, left=rest, asked=amount, field=f"lines.{key}")
            item = items[key]
            billed = view.of(item)
            used[item] = used.get(item, 0 if billed is None else billed.revision) + 1
            cuts.append(Cut(key, invoice.id, item, used[item], amount))
        if not cuts:
            zero = Money.zero(invoice.total.currency)
            raise CreditExceedsLine(line=invoice.number, left=zero, asked=zero, field="lines")
        return tuple(cuts)

    async def _draft(self, session: AsyncSession, books: Books, cuts: tuple[Cut, ...]) -> Drafts:
        items = {cut.item_key for cut in cuts}
        view = await BilledRepository(session).view(books.account.tenant_id, items, {})
        instant = Instant(books.now, books.now, "", books.account.usage_cutoff, {})
        found = Convergence(instant, (), view, (), Settled((), cuts, ()))
        return await self.closing.draft(session, books, found, GOODWILL)


def _left(stored: StoredInvoice, already: Mapping[str, CreditedLine]) -> dict[str, Money]:
    """Return what is left of each line."""
    left = {}
    for line in billed_invoice(stored.content).lines:
        taken = already.get(line.key)
        amount = line.amount if taken is None else line.amount - taken.amount
        if amount.minor > 0:
            left[line.key] = amount
    return left
