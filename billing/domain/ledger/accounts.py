"""The chart of accounts. Debits are positive, credits negative, in minor units of one currency."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from control_plane.kernel.money import Money


class Account(StrEnum):
    """Where money stands, in the order of a trial balance: assets, liabilities, revenue, costs.

    ``deferred_revenue`` holds what was invoiced net and is not earned yet. ``customer_credit`` is
    what customers may still set against invoices (the balance of their credit notes), ``refunds``
    what was promised back and is not paid out yet. ``revenue_prepaid`` takes balances that lapsed.
    Coupons and promotional credits need no account: they lower the nets that are posted.
    """

    CASH = "cash"
    RECEIVABLE = "receivable"
    DEFERRED_REVENUE = "deferred_revenue"
    TAX_PAYABLE = "tax_payable"
    PREPAID_LIABILITY = "prepaid_liability"
    CUSTOMER_CREDIT = "customer_credit"
    REFUNDS = "refunds"
    REVENUE_FEES = "revenue_fees"
    REVENUE_USAGE = "revenue_usage"
    REVENUE_ADDONS = "revenue_addons"
    REVENUE_COMMITMENTS = "revenue_commitments"
    REVENUE_PREPAID = "revenue_prepaid"
    WRITE_OFFS = "write_offs"


REVENUE = frozenset(
    {
        Account.REVENUE_FEES,
        Account.REVENUE_USAGE,
        Account.REVENUE_ADDONS,
        Account.REVENUE_COMMITMENTS,
        Account.REVENUE_PREPAID,
    }
)
"""The accounts that hold what was earned."""

_REVENUE_OF = {
    "usage": Account.REVENUE_USAGE,
    "addon": Account.REVENUE_ADDONS,
    "deposit": Account.REVENUE_ADDONS,
    "cancellation": Account.REVENUE_ADDONS,
    "commitment": Account.REVENUE_COMMITMENTS,
}


def revenue_account(kind: str) -> Account:
    """Return the account that a line of a kind earns on; fees, and their old parts, by default."""
    return _REVENUE_OF.get(kind, Account.REVENUE_FEES)


@dataclass(frozen=True, slots=True)
class Entry:
    """One side of a transaction, in the currency of its amount."""

    account: Account
    amount: Money


class UnbalancedPosting(AssertionError):
    """The parts of a posting do not add up, which no caller may bring about."""


def is_balanced(entries: Iterable[Entry]) -> bool:
    """Tell whether debits equal credits in every currency."""
    sums: defaultdict[str, int] = defaultdict(int)
    for entry in entries:
        sums[entry.amount.currency.code] += entry.amount.minor
    return not any(sums.values())


def balanced(*sides: tuple[Account, Money]) -> tuple[Entry, ...]:
    """Return the sides as entries, those over nothing left out.

    Raises:
        UnbalancedPosting: debits differ from credits.
    """
    entries = tuple(Entry(account, amount) for account, amount in sides if amount.minor)
    if not is_balanced(entries):
        raise UnbalancedPosting(", ".join(f"{e.account} {e.amount}" for e in entries))
    return entries


def merged(*postings: Sequence[Entry]) -> tuple[Entry, ...]:
    """Return several postings as one: an entry for each account and currency."""
    sums: dict[tuple[Account, str], Money] = {}
    for entry in (entry for posting in postings for entry in posting):
        key = (entry.account, entry.amount.currency.code)
        sums[key] = sums[key] + entry.amount if key in sums else entry.amount
    return tuple(Entry(account, amount) for (account, _), amount in sums.items() if amount.minor)
