"""Turns a difference into documents that could be issued: one code for previews and for issuing.

Credit notes come first. Each lowers what is open on its invoice; what exceeds that is carried, and
settles the invoice of the same instant before anything else does.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.assembling import (
    Assembled,
    Balance,
    CreditedLine,
    NoteAmounts,
    assemble,
    reduce,
)
from billing.domain.converge import Cut
from billing.domain.documents.body import (
    credit_note_body,
    given_steps,
    invoice_body,
    note_steps,
)
from billing.domain.documents.heading import Corrected, Heading, Kind, Party
from billing.domain.documents.reading import billed_invoice, credited
from billing.domain.rating import InvoiceLine, Step
from billing.domain.records import Account, InvoiceSummary, StoredInvoice
from billing.invoicing import Convergence
from billing.repositories.credit import CreditRepository
from billing.repositories.invoices import InvoiceRepository
from billing.repositories.issued import IssuedRepository
from billing.repositories.notes import NoteRepository
from billing.selling import Counter, Occasion, Sale
from control_plane.catalog.policies import DEFAULTS, Policies
from control_plane.kernel.calendar import local_date
from control_plane.kernel.currency import Currency
from control_plane.kernel.ids import CreditNoteId, InvoiceId, new_id
from control_plane.kernel.money import Money
from control_plane.tenancy.domain import Organisation


GOODWILL = "goodwill"
"""The reason of what is given back though it is owed; nothing of it is billed again."""


@dataclass(frozen=True, slots=True)
class NoteDraft:
    """A credit note about to be issued over one invoice; ``carried`` goes to the balance."""

    id: CreditNoteId
    heading: Heading
    prefix: str
    entity: str
    invoice: InvoiceSummary
    cuts: tuple[Cut, ...]
    already: Mapping[str, CreditedLine]
    made: NoteAmounts
    policies: Policies
    lowered: Money
    steps: Mapping[str, tuple[Step, ...]]

    @property
    def body(self) -> dict[str, Any]:
        """The note's body, as far as the heading is known."""
        return credit_note_body(self.heading, self.made, self.keys, self.steps)

    @property
    def carried(self) -> Money:
        """What exceeds the invoice's open amount."""
        return self.made.total - self.lowered

    @property
    def keys(self) -> dict[str, str]:
        """The note's own line keys, by those of the lines it takes back."""
        return {cut.line_key: f"{cut.item_key}#{cut.revision}" for cut in self.cuts}


@dataclass(frozen=True, slots=True)
class InvoiceDraft:
    """An invoice about to be issued."""

    id: InvoiceId
    heading: Heading
    occasion: Occasion
    sale: Sale
    made: Assembled
    lines: tuple[InvoiceLine, ...]
    balances: tuple[Balance, ...]
    policies: Policies

    @property
    def body(self) -> dict[str, Any]:
        """The invoice's body, as far as the heading is known."""
        return invoice_body(self.heading, self.made)


@dataclass(frozen=True, slots=True)
class Drafts:
    """Everything that one instant issues."""

    convergence: Convergence
    notes: tuple[NoteDraft, ...]
    invoices: tuple[InvoiceDraft, ...]


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
        credit = _Credit(self.session, self.account, tuple(notes))
        for (code, corrects), lines in _invoices(found):
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
        body = stored.content
        notes = await NoteRepository(self.session).stored_of(tenant_id, [invoice_id])
        already = credited(note.content for note in notes.get(invoice_id, ()))
        policies = _policies_of(stored)
        amounts: dict[str, Money] = {}
        for cut in cuts:
            known = amounts.get(cut.line_key)
            amounts[cut.line_key] = cut.amount if known is None else known + cut.amount
        made = reduce(
            billed_invoice(body, {cut.line_key: cut.item_key for cut in cuts}),
            amounts,
            policies=policies,
            already=already,
        )
        heading = Heading(
            kind=Kind.CREDIT_NOTE,
            number="",
            tenant_id=tenant_id,
            # The entity that sold corrects, to whom it sold.
            seller=Party.from_body(body["seller"]),
            buyer=Party.from_body(body["buyer"]),
            currency=summary.total.currency,
            zone=body["zone"],
            due_at=at,
            part=await IssuedRepository(self.session).note_parts_at(tenant_id, invoice_id, at),
            purchase_order=summary.purchase_order,
            corrects=Corrected(summary.number, summary.dated),
            reason=reason,
        )
        return NoteDraft(
            id=CreditNoteId(new_id()),
            heading=heading,
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
        credit: "_Credit",
        place: int,
    ) -> InvoiceDraft:
        at, zone = found.instant.at, lines[0].zone
        policies = DEFAULTS.over(self.account.policies)
        taxed_on = local_date(at, zone)
        if corrects is not None:
            corrected = await InvoiceRepository(self.session).summary(corrects)
            taxed_on = corrected.dated
        occasion = Occasion(
            account=self.account,
            organisation=self.organisation,
            currency=code,
            at=at,
            taxed_on=taxed_on,
            categories=frozenset(line.tax_category for line in lines),
            policies=policies,
            corrects=corrects,
        )
        sale = await self.counter.sale(self.session, occasion)
        balances = (*await credit.left(code), *sale.prepaid)
        made = assemble(
            lines,
            policies=policies,
            coupons=sale.coupons,
            credits=sale.credits,
            treatments=sale.treatments,
            balances=balances,
            en16931=sale.en16931,
        )
        credit.use(made)
        heading = Heading(
            kind=Kind.INVOICE,
            number="",
            tenant_id=self.account.tenant_id,
            seller=sale.seller,
            buyer=sale.buyer,
            currency=code,
            zone=zone,
            due_at=at,
            part=await self._part(code, at) + place,
            payment_term_days=policies.payment_term_days,
            purchase_order=sale.purchase_order,
            corrects=None,
        )
        draft_id = InvoiceId(new_id())
        return InvoiceDraft(draft_id, heading, occasion, sale, made, lines, balances, policies)

    async def _part(self, code: Currency, at: datetime) -> int:
        # An invoice of the same instant says that the account was closed as far as that.
        closed = self.account.closed_through
        if closed is None or closed < at:
            return 0
        repository = InvoiceRepository(self.session)
        return await repository.parts_at(self.account.tenant_id, code.code, at)


@dataclass(slots=True)
class _Credit:
    """What stands to the customer's credit while the invoices of one instant are drafted."""

    session: AsyncSession
    account: Account
    notes: tuple[NoteDraft, ...]
    used: dict[UUID, Money] = field(default_factory=dict)

    async def left(self, code: Currency) -> tuple[Balance, ...]:
        """Return what is left, oldest first, what these notes carry included."""
        held = await CreditRepository(self.session).left(
            self.account.tenant_id, code.code, lock=True
        )
        known = [Balance(s.id, "credit_note", s.reference, s.left) for s in held]
        known += [
            Balance(UUID(str(note.id)), "credit_note", "", note.carried)
            for note in self.notes
            if note.carried.currency == code
        ]
        rest = (
            replace(b, amount=b.amount - self.used[b.id]) if b.id in self.used else b for b in known
        )
        return tuple(balance for balance in rest if balance.amount.minor)

    def use(self, made: Assembled) -> None:
        """Remember what an invoice used."""
        for applied in made.applied:
            known = self.used.get(applied.id)
            self.used[applied.id] = applied.amount if known is None else known + applied.amount


def _invoices(
    found: Convergence,
) -> list[tuple[tuple[Currency, InvoiceId | None], tuple[InvoiceLine, ...]]]:
    """Put lines of one currency on one invoice; corrections of closed periods go on their own.

    Those are taxed as the invoice was that closed the period, and only its percentages apply.
    """
    by_document: dict[tuple[Currency, InvoiceId | None], list[InvoiceLine]] = {}
    for line in found.settled.lines:
        key = (line.amount.currency, _corrected(line, found))
        by_document.setdefault(key, []).append(line)
    ordered = sorted(by_document.items(), key=lambda e: (e[0][0].code, str(e[0][1] or "")))
    return [(key, tuple(lines)) for key, lines in ordered]


def _corrected(line: InvoiceLine, found: Convergence) -> InvoiceId | None:
    """Return the invoice that closed the period whose usage a line corrects, if it does."""
    metered = line.quantity is not None
    if not metered or line.due_at >= found.instant.at:
        return None
    billed = found.view.of(line.item_key)
    return billed.lines[0].invoice_id if billed is not None and billed.lines else None


def named(draft: InvoiceDraft, numbers: Mapping[UUID, str]) -> InvoiceDraft:
    """Return a draft that names the notes of the same instant by their numbers, drawn since."""
    made = replace(
        draft.made,
        applied=tuple(
            replace(applied, reference=numbers.get(applied.id, applied.reference))
            for applied in draft.made.applied
        ),
    )
    balances = tuple(
        replace(balance, reference=numbers.get(balance.id, balance.reference))
        for balance in draft.balances
    )
    return replace(draft, made=made, balances=balances)


def _policies_of(stored: StoredInvoice) -> Policies:
    """Return the policies an invoice was made with; before there were any, the defaults."""
    said = stored.inputs
    return Policies.from_body(said["policies"]) if said.get("format") == 2 else DEFAULTS  # noqa: PLR2004
