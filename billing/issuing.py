"""Issues drafts: lines, postings, balances, messages and audit entries commit together or never.

The caller holds the tenant's account locked. The unique constraints on line keys and on (tenant,
currency, due instant, part) stand behind that lock. Numbers are drawn last.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.assembling import Assembled, NoteAmounts
from billing.domain.documents.heading import Heading, Kind
from billing.domain.ledger import credit_applied_entries, credit_note_entries, invoice_entries
from billing.domain.records import Account, InvoiceSummary, NoteSummary
from billing.drafts import Drafts, InvoiceDraft, NoteDraft, named
from billing.events import issued_event
from billing.invoicing import Convergence
from billing.issuing_inputs import Inputs
from billing.issuing_rows import line_rows, note_rows
from billing.mailing import mails
from billing.repositories.credit import CreditRepository
from billing.repositories.invoices import InvoiceRepository
from billing.repositories.issued import (
    Frozen,
    IssuedRepository,
    Sums,
    fresh,
    invoice_write,
    lines_write,
)
from billing.repositories.ledger import Kind as Posted
from billing.repositories.ledger import LedgerRepository, Posting, postings
from billing.selling import Counter
from billing.settling import book_settling
from control_plane.audit.record import entry
from control_plane.kernel.canonical import canonical_json, sha256_hex
from control_plane.kernel.ids import InvoiceId, SubscriptionId, format_id
from control_plane.kernel.money import Money
from control_plane.runtime.outbox import enqueue, message
from control_plane.runtime.topics import CREDIT_NOTE_ISSUED, INVOICE_ISSUED
from control_plane.runtime.writes import Write, send
from control_plane.tenancy.domain import Organisation

ACTOR = "billing"


@dataclass(frozen=True, slots=True)
class Issued:
    """What was issued."""

    invoices: tuple[InvoiceSummary, ...]
    notes: tuple[NoteSummary, ...]

    def __add__(self, other: "Issued") -> "Issued":
        """Return both together, in order."""
        return Issued(self.invoices + other.invoices, self.notes + other.notes)


NOTHING = Issued((), ())


@dataclass(frozen=True, slots=True)
class Issuer:
    """Issues the documents of one tenant, within one transaction.

    ``through`` names the last timeline entry known of each subscription. ``beside`` is written
    together with the first of it, and even where there is nothing to issue.
    """

    session: AsyncSession
    counter: Counter
    account: Account
    organisation: Organisation
    through: Mapping[SubscriptionId, int]
    now: datetime
    actor: str = ACTOR
    beside: tuple[Write, ...] = ()

    async def issue(self, drafts: Drafts) -> Issued:
        """Issue credit notes and invoices of one instant."""
        found = drafts.convergence
        for note in drafts.notes:
            await self._book_note(note, found)
        first = [write for draft in drafts.invoices for write in self._booked(draft, found)]
        await send(self.session, [*first, *self.beside])
        notes = tuple([await self._keep_note(note, found) for note in drafts.notes])
        numbers = {UUID(str(note.id)): note.number for note in notes}
        invoices = tuple(
            [await self._keep_invoice(named(d, numbers), found) for d in drafts.invoices]
        )
        return Issued(invoices, notes)

    def _booked(self, draft: InvoiceDraft, found: Convergence) -> list[Write]:
        """Return all that an invoice writes before its number is known."""
        tenant_id, made = self.account.tenant_id, draft.made
        name, payload = format_id("inv", draft.id), {"invoice_id": str(draft.id)}
        posting = Posting(
            kind=Posted.INVOICE,
            business_key=f"invoice:{draft.id}",
            entries=invoice_entries(made.net, made.tax),
            booked_at=draft.heading.due_at,
            booked_on=draft.heading.dated,
            invoice_id=draft.id,
        )
        return [
            lines_write(tenant_id, draft.id, line_rows(draft, found)),
            *postings(tenant_id, posting),
            *([message(tenant_id, INVOICE_ISSUED, payload)] if made.due.minor else []),
            issued_event(tenant_id, draft.id, made.total, self.now),
            self._recorded("invoice.issued", "invoice", name, draft.heading, made.total),
        ]

    async def _book_note(self, draft: NoteDraft, found: Convergence) -> None:
        tenant_id, made = self.account.tenant_id, draft.made
        await IssuedRepository(self.session).add_note_lines(
            tenant_id, draft.id, note_rows(draft, found)
        )
        if draft.lowered.minor:
            await InvoiceRepository(self.session).settle(
                draft.invoice,
                paid=Money.zero(made.total.currency),
                credited=draft.lowered,
                at=self.now,
            )
        await book_settling(
            self.session,
            draft.invoice,
            draft.lowered,
            Posting(
                kind=Posted.CREDIT_NOTE,
                business_key=f"credit_note:{draft.id}",
                entries=credit_note_entries(
                    made.net, made.tax, to_receivable=draft.lowered, to_credit=draft.carried
                ),
                booked_at=draft.heading.due_at,
                booked_on=draft.heading.dated,
                invoice_id=draft.invoice.id,
                credit_note_id=draft.id,
            ),
        )
        payload = {"credit_note_id": str(draft.id), "invoice_id": str(draft.invoice.id)}
        await enqueue(self.session, tenant_id, CREDIT_NOTE_ISSUED, payload)
        recorded = self._recorded(
            "credit_note.issued",
            "credit_note",
            format_id("crn", draft.id),
            draft.heading,
            made.total,
            invoice=format_id("inv", draft.invoice.id),
        )
        await send(self.session, [recorded])

    def _recorded(
        self, fact: str, kind: str, name: str, heading: Heading, total: Money, **more: str
    ) -> Write:
        details = {"total_minor": total.minor, "currency": heading.currency.code, **more}
        return entry(self.account.tenant_id, self.actor, fact, kind, name, details)

    async def _keep_note(self, draft: NoteDraft, found: Convergence) -> NoteSummary:
        """Draw the number, as late as can be: from here to the commit nobody else draws one."""
        issued, year = IssuedRepository(self.session), draft.heading.dated.year
        place = await issued.draw_place(draft.entity, Kind.CREDIT_NOTE, year)
        number = f"{draft.prefix}-CN-{year}-{place:06d}"
        heading = draft.heading.numbered(number)
        inputs = self._inputs(found).of_note(draft, heading)
        summary = await issued.add_note(
            draft.id,
            draft.invoice.id,
            heading,
            draft.entity,
            place,
            _sums(draft.made),
            draft.lowered,
            _frozen(replace(draft, heading=heading).body, inputs),
            self.now,
        )
        if draft.carried.minor:
            await CreditRepository(self.session).carry(
                self.account.tenant_id,
                draft.id,
                "credit_note",
                number,
                draft.carried,
                self.now,
            )
        return summary

    async def _keep_invoice(self, draft: InvoiceDraft, found: Convergence) -> InvoiceSummary:
        """Draw the number, and settle what balances settle."""
        issued, year, made = IssuedRepository(self.session), draft.heading.dated.year, draft.made
        entity = self.account.entity
        place = await issued.draw_place(entity, Kind.INVOICE, year)
        heading = draft.heading.numbered(f"{draft.sale.prefix}-{year}-{place:06d}")
        inputs = self._inputs(found).of_invoice(draft, heading)
        applied = Money.total((a.amount for a in made.applied), heading.currency)
        summary = fresh(draft.id, heading, entity, _sums(made), applied, self.now)
        frozen = _frozen(replace(draft, heading=heading).body, inputs)
        await send(
            self.session,
            [
                invoice_write(summary, heading, place, _sums(made), frozen),
                # Mails name the number, so they alone come after the draw.
                *mails(self.organisation, draft.sale.readers if made.total.minor else (), summary),
            ],
        )
        for balance in made.applied:
            if balance.kind == "credit_note":
                await self._apply(draft.id, heading, balance.id, balance.amount)
        await self.counter.book(self.session, draft.occasion, made, draft.id)
        return summary

    async def _apply(
        self, invoice_id: InvoiceId, heading: Heading, source_id: UUID, amount: Money
    ) -> None:
        tenant_id = self.account.tenant_id
        await CreditRepository(self.session).apply(
            tenant_id, source_id, amount, invoice_id, self.now
        )
        await LedgerRepository(self.session).book(
            tenant_id,
            Posting(
                kind=Posted.CREDIT_APPLIED,
                business_key=f"credit_applied:{invoice_id}:{source_id}",
                entries=credit_applied_entries(amount),
                booked_at=heading.due_at,
                booked_on=heading.dated,
                invoice_id=invoice_id,
                source_id=source_id,
            ),
        )

    def _inputs(self, found: Convergence) -> Inputs:
        return Inputs(found, self.through, self.account.policies)


def _sums(made: Assembled | NoteAmounts) -> Sums:
    return Sums(made.subtotal, made.discount, made.net, made.tax, made.total)


def _frozen(body: Mapping[str, Any], inputs: Mapping[str, Any]) -> Frozen:
    frozen = canonical_json(body)
    return Frozen(frozen, sha256_hex(frozen), canonical_json(inputs))
