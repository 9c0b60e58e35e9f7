"""Documents that could be issued: computed whole, and not written anywhere yet."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from billing.domain.assembling import Assembled, Balance, CreditedLine, NoteAmounts
from billing.domain.converge import Cut
from billing.domain.documents.body import credit_note_body, invoice_body
from billing.domain.documents.heading import Heading
from billing.domain.rating import InvoiceLine, Step
from billing.domain.records import InvoiceSummary
from billing.invoicing import Convergence
from billing.selling import Occasion, Sale
from control_plane.catalog.policies import Policies
from control_plane.kernel.ids import CreditNoteId, InvoiceId
from control_plane.kernel.money import Money


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
        return credit_note_body(self.heading, self.made, self.keys, self.steps, self.already)

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
