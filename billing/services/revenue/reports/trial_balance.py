"""The trial balance of a day."""

from collections import defaultdict
from datetime import date

from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.ledger import Account
from billing.domain.reports.sheet import Cell, Sheet, code, money, summed
from billing.repositories.revenue import RevenueRepository, Scope, scoped
from billing.services.revenue.reports.asked import Asked
from control_plane.kernel.currency import currency
from control_plane.kernel.money import Money

_COLUMNS = (code("account"), money("debit"), money("credit"))
_POSTED = scoped(
    """
    SELECT e.currency, e.account, sum(e.amount_minor)::bigint AS minor
    FROM ledger_entries e
    JOIN ledger_transactions t ON t.tenant_id = e.tenant_id AND t.id = e.transaction_id
    JOIN billing_accounts a ON a.tenant_id = e.tenant_id
    WHERE $scope AND t.booked_on <= :day AND t.kind <> 'recognition'
    GROUP BY 1, 2
    """,
    "e",
    "a",
)


async def trial_balance(session: AsyncSession, asked: Asked) -> list[Sheet]:
    """Return every account's balance at the end of ``last``, revenue earned by that very day.

    Recognition is computed, not read from postings, so the balance of any day is exact at once.
    """
    rows: list[tuple[Cell, ...]] = []
    found = await balances(session, asked.scope, asked.last)
    for (currency_code, account), minor in sorted(found.items(), key=_place):
        amount = Money(abs(minor), currency(currency_code))
        sides = (amount, None) if minor > 0 else (None, amount)
        rows.append((account.value, *sides))
    return [Sheet("trial_balance", _COLUMNS, tuple(rows), summed(_COLUMNS, rows))]


async def balances(
    session: AsyncSession, scope: Scope, day: date
) -> dict[tuple[str, Account], int]:
    """Return what each account holds by the end of a day: minor units, debits positive."""
    held: defaultdict[tuple[str, Account], int] = defaultdict(int)
    for row in await session.execute(_POSTED, {**scope.values, "day": day}):
        held[row.currency, Account(row.account)] += row.minor
    earned = await RevenueRepository(session).earned(scope, day)
    for (currency_code, account), minor in earned.items():
        held[currency_code, account] -= minor
        held[currency_code, Account.DEFERRED_REVENUE] += minor
    return {key: minor for key, minor in held.items() if minor}


_ORDER = {account: place for place, account in enumerate(Account)}


def _place(item: tuple[tuple[str, Account], int]) -> tuple[str, int]:
    (currency_code, account), _ = item
    return currency_code, _ORDER[account]
