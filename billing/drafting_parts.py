"""What drafting settles invoices by, and how lines are put on them."""

from dataclasses import dataclass, field, replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.assembling import Assembled, Balance
from billing.domain.rating import InvoiceLine
from billing.domain.records import Account
from billing.drafts import NoteDraft
from billing.invoicing import Convergence
from billing.repositories.credit import CreditRepository
from control_plane.kernel.currency import Currency
from control_plane.kernel.ids import InvoiceId
from control_plane.kernel.money import Money


@dataclass(slots=True)
class CreditAtHand:
    """What stands to the customer's credit while the invoices of one instant are drafted."""

    session: AsyncSession
    account: Account
    notes: tuple[NoteDraft, ...]
    used: dict[UUID, Money] = field(default_factory=dict)

    async def left(self, code: Currency, *, stored: bool) -> tuple[Balance, ...]:
        """Return what is left, oldest first, what these notes carry included.

        Unless ``stored``, there is nothing from before.
        """
        known = []
        if stored:
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


def by_document(
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
