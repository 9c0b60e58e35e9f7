"""How invoices were posted before revenue was recognised by day: earned in full at issue."""

from collections.abc import Iterable
from typing import Protocol

from billing.domain.ledger.accounts import Account, Entry, revenue_account
from control_plane.kernel.money import Money


class EarnedLine(Protocol):
    """A line as it was posted: its kind, and its amount."""

    @property
    def kind(self) -> str:
        """What the line is for."""

    @property
    def amount(self) -> Money:
        """What it comes to; untaxed."""


def issue_entries(lines: Iterable[EarnedLine]) -> tuple[Entry, ...]:
    """Return the postings of an untaxed invoice whose lines were earned at once.

    Sums of nothing are left out, so an invoice over nothing has no postings.
    """
    sums: dict[Account, Money] = {}
    for line in lines:
        account = revenue_account(line.kind)
        sums[account] = sums[account] - line.amount if account in sums else -line.amount
        owed = sums.get(Account.RECEIVABLE)
        sums[Account.RECEIVABLE] = line.amount if owed is None else owed + line.amount
    return tuple(Entry(account, amount) for account, amount in sums.items() if amount.minor)
