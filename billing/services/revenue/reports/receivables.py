"""Who owes what, and since when."""

from collections import defaultdict

from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.reports.ageing import BUCKETS, bucket
from billing.domain.reports.sheet import Cell, Sheet, count, day, money, summed, text
from billing.repositories.revenue import scoped
from billing.services.revenue.reports.asked import Asked
from control_plane.kernel.currency import currency
from control_plane.kernel.money import Money

_BY_CUSTOMER = (text("customer"), *(money(name) for name in BUCKETS), money("total"))
_BY_INVOICE = (
    text("number"),
    text("customer"),
    day("date"),
    day("payable_by"),
    count("days_overdue"),
    money("open"),
)
# What was open on a day is told by the ledger: whatever settled an invoice names it.
_OPEN = scoped(
    """
    SELECT o.name AS customer, e.tenant_id, i.number, i.dated, i.payable_by, e.currency,
        sum(e.amount_minor)::bigint AS minor
    FROM ledger_entries e
    JOIN ledger_transactions t ON t.tenant_id = e.tenant_id AND t.id = e.transaction_id
    JOIN billing_accounts a ON a.tenant_id = e.tenant_id
    JOIN organisations o ON o.id = e.tenant_id
    JOIN invoices i ON i.tenant_id = t.tenant_id AND i.id = t.invoice_id
    WHERE $scope AND e.account = 'receivable' AND t.booked_on <= :day
    GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(e.amount_minor) <> 0
    ORDER BY i.payable_by, i.number
    """,
    "e",
    "a",
)


async def aged_receivables(session: AsyncSession, asked: Asked) -> list[Sheet]:
    """Return what was open at the end of ``last``: by customer and age, and by invoice."""
    buckets: dict[tuple[str, str, str], defaultdict[str, int]] = {}
    invoices: list[tuple[Cell, ...]] = []
    for row in await session.execute(_OPEN, {**asked.scope.values, "day": asked.last}):
        key = (row.customer, str(row.tenant_id), row.currency)
        name = bucket(row.payable_by, asked.last)
        buckets.setdefault(key, defaultdict(int))[name] += row.minor
        late = max((asked.last - row.payable_by).days, 0)
        amount = Money(row.minor, currency(row.currency))
        invoices.append((row.number, row.customer, row.dated, row.payable_by, late, amount))
    customers: list[tuple[Cell, ...]] = []
    for (customer, _, code), held in sorted(buckets.items()):
        amounts = [Money(held[name], currency(code)) for name in BUCKETS]
        customers.append((customer, *amounts, Money.total(amounts, currency(code))))
    return [
        Sheet(
            "receivables", _BY_CUSTOMER, tuple(customers), summed(_BY_CUSTOMER, customers), "total"
        ),
        Sheet("open_invoices", _BY_INVOICE, tuple(invoices), summed(_BY_INVOICE, invoices)),
    ]
