"""Turns a difference into documents that could be issued: one code for previews and for issuing.

Credit notes come first. Each lowers what is open on its invoice; what exceeds that is carried, and
settles the invoice of the same instant before anything else does.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.assembling import (
    assemble,
    reduce,
)
from billing.domain.assembling.rated import bounds_of, categories_of
from billing.domain.converge import Cut
from billing.domain.documents.body import (
    given_steps,
    note_steps,
)
from billing.domain.documents.heading import Corrected, Heading, Kind, Party
from billing.domain.documents.reading import billed_invoice, credited
from billing.domain.items import PolicyBook, shared_policies
from billing.domain.rating import InvoiceLine, Step
from billing.domain.records import Account, InvoiceSummary, StoredInvoice
from billing.drafting_parts import CreditAtHand, by_document
from billing.drafts import Drafts, InvoiceDraft, NoteDraft
from billing.invoicing import Convergence
from billing.repositories.invoices import InvoiceRepository
from billing.repositories.issued import IssuedRepository
from billing.repositories.notes import NoteRepository
from billing.selling import Counter, Occasion
from control_plane.catalog.policies import DEFAULTS, Policies
from control_plane.kernel.calendar import local_date
from control_plane.kernel.currency import Currency
from control_plane.kernel.ids import CreditNoteId, InvoiceId, new_id
from control_plane.kernel.money import Money
from control_plane.tenancy.domain import Organisation

GOODWILL = "goodwill"
"""The reason of what is given back though it is owed; nothing of it is billed again."""


@dataclass(frozen=True, slots=True)
class Drafter:
    """Drafts documents. Reads and locks what they settle; writes nothing."""

    session: AsyncSession
    counter: Counter
    account: Account
    organisation: Organisation

    async def draft(self, found: Convergence, *, reason: str | None = None) -> Drafts:
        """Return the documents of a difference."""
        cuts = sorted(found.settled.cuts, key=lambda cut: cut.invoice_id)
        why = reason or ("change" if found.instant.reach else "correction")
        notes = []
        steps = (
            given_steps(cuts)
            if reason == GOODWILL
            else note_steps(cuts, found.settled.rated, found.view.of)
        )
        for invoice_id, group in groupby(cuts, key=lambda cut: cut.invoice_id):
            drafted = await self._note(invoice_id, tuple(group), found.instant.at, why, steps)
            notes.append(drafted)
        invoices: list[InvoiceDraft] = []
        credit = CreditAtHand(self.session, self.account, tuple(notes))
        for (code, corrects), lines in by_document(found):
            invoices.append(
                await self._invoice(code, corrects, lines, found, credit, len(invoices))
            )
        return Drafts(found, tuple(notes), tuple(invoices))

    async def _note(
        self,
        invoice_id: InvoiceId,
        cuts: tuple[Cut, ...],
        at: datetime,
        reason: str,
        steps: Mapping[str, tuple[Step, ...]],
    ) -> NoteDraft:
        """Draft a credit note over lines of one invoice, which stays locked."""
        invoices, tenant_id = InvoiceRepository(self.session), self.account.tenant_id
        summary = await invoices.lock(tenant_id, invoice_id)
        stored = await invoices.get(invoice_id)
        notes = await NoteRepository(self.session).stored_of(tenant_id, [invoice_id])
        already = credited(note.content for note in notes.get(invoice_id, ()))
        policies = _policies_of(stored)
        made = reduce(
            billed_invoice(stored.content, {cut.line_key: cut.item_key for cut in cuts}),
            _summed(cuts),
            policies=policies,
            already=already,
        )
        part = await IssuedRepository(self.session).note_parts_at(tenant_id, invoice_id, at)
        return NoteDraft(
            id=CreditNoteId(new_id()),
            heading=_note_heading(summary, stored, at, part, reason),
            prefix=summary.number.rsplit("-", 2)[0],
            entity=summary.entity,
            invoice=summary,
            cuts=cuts,
            already={
                cut.line_key: already[cut.line_key] for cut in cuts if cut.line_key in already
            },
            made=made,
            policies=policies,
            lowered=min(made.total, summary.unsettled),
            steps={cut.line_key: steps[cut.line_key] for cut in cuts},
        )

    async def _invoice(
        self,
        code: Currency,
        corrects: InvoiceId | None,
        lines: tuple[InvoiceLine, ...],
        found: Convergence,
        credit: CreditAtHand,
        place: int,
    ) -> InvoiceDraft:
        at, policies = found.instant.at, _policies_on(lines, found, self.account)
        occasion = await self._occasion(code, corrects, lines, at, policies)
        sale = await self.counter.sale(self.session, occasion)
        balances = (*await credit.left(code, stored=sale.credited), *sale.prepaid)
        made = assemble(
            lines,
            policies=policies,
            coupons=sale.coupons,
            credits=sale.credits,
            treatments=sale.treatments,
            balances=balances,
            en16931=sale.en16931,
            **bounds_of(lines),
        )
        credit.use(made)
        heading = Heading(
            kind=Kind.INVOICE,
            number="",
            tenant_id=self.account.tenant_id,
            seller=sale.seller,
            buyer=sale.buyer,
            currency=code,
            zone=lines[0].zone,
            due_at=at,
            part=await self._part(code, at) + place,
            payment_term_days=policies.payment_term_days,
            purchase_order=sale.order_of(line.subscription_id for line in lines),
            corrects=None,
        )
        draft_id = InvoiceId(new_id())
        return InvoiceDraft(draft_id, heading, occasion, sale, made, lines, balances, policies)

    async def _occasion(
        self,
        code: Currency,
        corrects: InvoiceId | None,
        lines: tuple[InvoiceLine, ...],
        at: datetime,
        policies: Policies,
    ) -> Occasion:
        """Say what is sold when; a correction is taxed as what it corrects was."""
        taxed_on = local_date(at, lines[0].zone)
        if corrects is not None:
            taxed_on = (await InvoiceRepository(self.session).summary(corrects)).dated
        return Occasion(
            account=self.account,
            organisation=self.organisation,
            currency=code,
            at=at,
            taxed_on=taxed_on,
            categories=categories_of(lines),
            policies=policies,
            corrects=corrects,
        )

    async def _part(self, code: Currency, at: datetime) -> int:
        # An invoice of the same instant says that the account was closed as far as that.
        closed = self.account.closed_through
        if closed is None or closed < at:
            return 0
        repository = InvoiceRepository(self.session)
        return await repository.parts_at(self.account.tenant_id, code.code, at)


def _policies_on(lines: tuple[InvoiceLine, ...], found: Convergence, account: Account) -> Policies:
    """Return what all lines of an invoice agree on, and what the tenant says where they do not."""
    keys = {line.item_key for line in lines}
    held = (item.policies for item in found.items if item.key in keys)
    return shared_policies(PolicyBook(account.policies).general(), held)


def _summed(cuts: tuple[Cut, ...]) -> dict[str, Money]:
    """Add up what is taken off each line."""
    amounts: dict[str, Money] = {}
    for cut in cuts:
        known = amounts.get(cut.line_key)
        amounts[cut.line_key] = cut.amount if known is None else known + cut.amount
    return amounts


def _note_heading(
    invoice: InvoiceSummary, stored: StoredInvoice, at: datetime, part: int, reason: str
) -> Heading:
    body = stored.content
    return Heading(
        kind=Kind.CREDIT_NOTE,
        number="",
        tenant_id=invoice.tenant_id,
        # The entity that sold corrects, to whom it sold.
        seller=Party.from_body(body["seller"]),
        buyer=Party.from_body(body["buyer"]),
        currency=invoice.total.currency,
        zone=body["zone"],
        due_at=at,
        part=part,
        purchase_order=invoice.purchase_order,
        corrects=Corrected(invoice.number, invoice.dated),
        reason=reason,
    )


def _policies_of(stored: StoredInvoice) -> Policies:
    """Return the policies an invoice was made with; before there were any, the defaults."""
    said = stored.inputs
    return Policies.from_body(said["policies"]) if said.get("format") == 2 else DEFAULTS  # noqa: PLR2004
