"""What a change would cost, before it is made: the very documents it would issue."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from billing.domain.rating import InvoiceLine
from billing.drafts import Drafts, InvoiceDraft, NoteDraft
from control_plane.kernel.currency import Currency
from control_plane.kernel.money import Money


@dataclass(frozen=True, slots=True)
class Quote:
    """Everything a change would issue at once: nothing when it takes effect later.

    ``total`` is that of the invoice, tax included; ``credited`` that of the credit notes, of which
    ``carried`` goes to the customer's balance; ``applied`` is what balances settle of the invoice,
    and ``due`` what is then to be paid. All in ``currency``.
    """

    currency: Currency
    drafts: Drafts | None

    @classmethod
    def nothing(cls, code: Currency) -> "Quote":
        """Return the quote of a change that costs nothing now."""
        return cls(code, None)

    @property
    def lines(self) -> tuple[InvoiceLine, ...]:
        """The exact lines, as they would be invoiced, before discounts and tax."""
        drafts = self.drafts
        return () if drafts is None else tuple(x for d in drafts.invoices for x in d.lines)

    @property
    def cutoff(self) -> str | None:
        """The look at the usage that everything was priced by."""
        return None if self.drafts is None else self.drafts.convergence.cutoff

    @property
    def net(self) -> Money:
        """The invoice's total before tax, after discounts."""
        return self._sum(d.made.net for d in self._invoices)

    @property
    def tax(self) -> Money:
        """The invoice's tax."""
        return self._sum(d.made.tax for d in self._invoices)

    @property
    def total(self) -> Money:
        """The invoice's total, tax included."""
        return self._sum(d.made.total for d in self._invoices)

    @property
    def applied(self) -> Money:
        """What balances settle of the invoice."""
        return self.total - self.due

    @property
    def due(self) -> Money:
        """What is to be paid now."""
        return self._sum(d.made.due for d in self._invoices)

    @property
    def credited(self) -> Money:
        """What the credit notes come to, tax included."""
        return self._sum(d.made.total for d in self._notes)

    @property
    def lowered(self) -> Money:
        """What the credit notes take off invoices that are still open."""
        return self._sum(d.lowered for d in self._notes)

    @property
    def carried(self) -> Money:
        """What the credit notes add to the customer's balance, before it is applied."""
        return self._sum(d.carried for d in self._notes)

    @property
    def invoices(self) -> tuple[dict[str, Any], ...]:
        """The bodies of the invoices, without numbers."""
        return tuple(d.body for d in self._invoices)

    @property
    def notes(self) -> tuple[dict[str, Any], ...]:
        """The bodies of the credit notes, without numbers."""
        return tuple(d.body for d in self._notes)

    def facts(self) -> dict[str, Any]:
        """Return what a confirmation must find again: every line, every amount, no ids.

        Keys hold ids that differ at the confirmation, so they are left out.
        """
        return {
            "invoices": [_without_ids(body) for body in self.invoices],
            "notes": [_without_ids(body) for body in self.notes],
            "lowered": [d.lowered.minor for d in self._notes],
        }

    @property
    def _invoices(self) -> tuple[InvoiceDraft, ...]:
        return () if self.drafts is None else self.drafts.invoices

    @property
    def _notes(self) -> tuple[NoteDraft, ...]:
        return () if self.drafts is None else self.drafts.notes

    def _sum(self, amounts: Iterable[Money]) -> Money:
        return Money.total(amounts, self.currency)


_IDS = {"key", "item_key", "subscription", "corrects", "tenant"}


def _without_ids(body: Mapping[str, Any]) -> dict[str, Any]:
    said = {key: value for key, value in body.items() if key not in _IDS}
    said["lines"] = [
        {key: value for key, value in line.items() if key not in _IDS} for line in body["lines"]
    ]
    if body["corrects"] is not None:
        said["corrects"] = body["corrects"]
    return said
