"""Double-entry postings. Debits are positive, credits negative; a transaction adds up to zero."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from billing.domain.lines import LineKind
from billing.domain.rating import InvoiceLine
from control_plane.kernel.money import Money


class Account(StrEnum):
    """Where money stands."""

    RECEIVABLE = "receivable"
    CASH = "cash"
    REVENUE_FEES = "revenue_fees"
    REVENUE_USAGE = "revenue_usage"
    REVENUE_ADDONS = "revenue_addons"


@dataclass(frozen=True, slots=True)
class Entry:
    """One side of a transaction, in the currency of its amount."""

    account: Account
    amount: Money


_REVENUE = {
    LineKind.USAGE: Account.REVENUE_USAGE,
    LineKind.ADDON: Account.REVENUE_ADDONS,
}


def issue_entries(lines: Sequence[InvoiceLine]) -> tuple[Entry, ...]:
    """Return the postings of an issued invoice: the customer owes what the lines earned.

    Revenue stands in full at issue; spreading it over the service period comes with revenue
    recognition. Sums of nothing are left out, so an invoice over nothing has no postings.
    """
    sums: dict[Account, Money] = {}
    for line in lines:
        account = _REVENUE.get(line.kind, Account.REVENUE_FEES)
        sums[account] = sums[account] - line.amount if account in sums else -line.amount
        owed = sums.get(Account.RECEIVABLE)
        sums[Account.RECEIVABLE] = line.amount if owed is None else owed + line.amount
    return tuple(Entry(account, amount) for account, amount in sums.items() if amount.minor)


def payment_entries(amount: Money) -> tuple[Entry, ...]:
    """Return the postings of a payment: cash came in, and the customer owes that much less."""
    return (Entry(Account.CASH, amount), Entry(Account.RECEIVABLE, -amount))


def is_balanced(entries: Sequence[Entry]) -> bool:
    """Tell whether debits equal credits in every currency."""
    sums: defaultdict[str, int] = defaultdict(int)
    for entry in entries:
        sums[entry.amount.currency.code] += entry.amount.minor
    return not any(sums.values())
