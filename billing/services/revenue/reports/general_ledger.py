"""Every entry of one account."""

from collections import defaultdict

from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.reports.sheet import Cell, Sheet, code, day, money, text
from billing.repositories.revenue import scoped
from billing.services.revenue.reports.asked import Asked
from control_plane.kernel.currency import currency
from control_plane.kernel.money import Money

_COLUMNS = (
    day("booked_on"),
    code("kind"),
    text("reference"),
    text("customer"),
    money("debit"),
    money("credit"),
    money("balance"),
)
_OPENING = scoped(
    """
    SELECT e.currency, sum(e.amount_minor)::bigint AS minor
    FROM ledger_entries e
    JOIN ledger_transactions t ON t.tenant_id = e.tenant_id AND t.id = e.transaction_id
    JOIN billing_accounts a ON a.tenant_id = e.tenant_id
    WHERE $scope AND e.account = :account AND t.booked_on < :first
    GROUP BY 1 ORDER BY 1
    """,
    "e",
    "a",
)
_ENTRIES = scoped(
    """
    SELECT t.booked_on, t.kind, coalesce(n.number, i.number, t.business_key) AS reference,
        o.name AS customer, e.currency, e.amount_minor
    FROM ledger_entries e
    JOIN ledger_transactions t ON t.tenant_id = e.tenant_id AND t.id = e.transaction_id
    JOIN billing_accounts a ON a.tenant_id = e.tenant_id
    JOIN organisations o ON o.id = e.tenant_id
    LEFT JOIN invoices i ON i.tenant_id = t.tenant_id AND i.id = t.invoice_id
    LEFT JOIN credit_notes n ON n.tenant_id = t.tenant_id AND n.id = t.credit_note_id
    WHERE $scope AND e.account = :account AND t.booked_on BETWEEN :first AND :last
    ORDER BY e.currency, t.booked_on, t.id, e.position
    """,
    "e",
    "a",
)


async def general_ledger(session: AsyncSession, asked: Asked) -> list[Sheet]:
    """Return an account's entries as posted, with the balance before and after each."""
    values = {
        **asked.scope.values,
        "account": asked.account.value,
        "first": asked.first,
        "last": asked.last,
    }
    rows: list[tuple[Cell, ...]] = []
    held: defaultdict[str, int] = defaultdict(int)
    for row in await session.execute(_OPENING, values):
        held[row.currency] = row.minor
        opening = Money(row.minor, currency(row.currency))
        rows.append((asked.first, "opening", "", "", None, None, opening))
    for row in await session.execute(_ENTRIES, values):
        unit = currency(row.currency)
        held[row.currency] += row.amount_minor
        amount = Money(abs(row.amount_minor), unit)
        sides = (amount, None) if row.amount_minor > 0 else (None, amount)
        balance = Money(held[row.currency], unit)
        rows.append((row.booked_on, row.kind, row.reference, row.customer, *sides, balance))
    return [Sheet("general_ledger", _COLUMNS, tuple(rows))]
