"""What was earned by month, and what is still to be earned."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.ledger import Account
from billing.domain.reports.sheet import Cell, Sheet, code, money, month, summed, text
from billing.domain.revenue.recognition import month_ends
from billing.repositories.revenue import Earning, RevenueRepository, Scope, scoped
from billing.services.revenue.reports.asked import Asked, Grouping
from billing.services.revenue.reports.modules import module_of
from billing.services.revenue.reports.trial_balance import balances
from control_plane.kernel.currency import currency
from control_plane.kernel.money import Money

_FLOW = (
    month("month"),
    money("opening"),
    money("invoiced"),
    money("credited"),
    money("recognised"),
    money("closing"),
)
_AHEAD = (month("month"), money("to_be_recognised"))
_YEARS_AHEAD = 12 * 10
_DEFERRED = scoped(
    """
    SELECT (date_trunc('month', t.booked_on) + interval '1 month - 1 day')::date AS month,
        e.currency, coalesce(sum(-e.amount_minor) FILTER (WHERE e.amount_minor < 0), 0)::bigint
            AS invoiced,
        coalesce(sum(-e.amount_minor) FILTER (WHERE e.amount_minor > 0), 0)::bigint AS credited
    FROM ledger_entries e
    JOIN ledger_transactions t ON t.tenant_id = e.tenant_id AND t.id = e.transaction_id
    JOIN billing_accounts a ON a.tenant_id = e.tenant_id
    WHERE $scope AND e.account = 'deferred_revenue' AND t.kind <> 'recognition'
        AND t.booked_on BETWEEN :first AND :last
    GROUP BY 1, 2
    """,
    "e",
    "a",
)


async def revenue_by_month(session: AsyncSession, asked: Asked) -> list[Sheet]:
    """Return what each month earned, by account, plan, module or charge."""
    earnings = await RevenueRepository(session).by_month(asked.scope, asked.first, asked.last)
    name = await _namer(session, asked.by)
    sums: defaultdict[tuple[date, str, str], int] = defaultdict(int)
    for earning in earnings:
        sums[earning.month, name(earning), earning.currency] += earning.minor
    kind = code if asked.by is Grouping.ACCOUNT else text
    columns = (month("month"), kind(asked.by.value), money("recognised"))
    rows: list[tuple[Cell, ...]] = [
        (last, group, Money(minor, currency(unit)))
        for (last, group, unit), minor in sorted(sums.items())
        if minor
    ]
    return [Sheet("revenue", columns, tuple(rows), summed(columns, rows), "recognised")]


async def _namer(session: AsyncSession, by: Grouping) -> Callable[[Earning], str]:
    if by is Grouping.MODULE:
        return await module_of(session)
    return {
        Grouping.ACCOUNT: lambda e: e.account.value,
        Grouping.PLAN: lambda e: e.item.partition("@")[0],
        Grouping.CHARGE: lambda e: e.charge,
    }[by]


async def deferred_revenue(session: AsyncSession, asked: Asked) -> list[Sheet]:
    """Return how deferred revenue moved month by month, and when what is left will be earned."""
    flow = await _flow(session, asked)
    ahead = await _ahead(session, asked)
    return [
        Sheet("deferred", _FLOW, tuple(flow), chart="closing"),
        Sheet("deferred_ahead", _AHEAD, tuple(ahead), summed(_AHEAD, ahead), "to_be_recognised"),
    ]


async def _flow(session: AsyncSession, asked: Asked) -> list[tuple[Cell, ...]]:
    """Return each month by its days up to ``last``: the last one may be under way."""
    ends = list(month_ends(asked.first, asked.last))
    before = ends[0].replace(day=1) - timedelta(days=1)
    standing = await _deferred_at(session, asked.scope, before)
    span = {"first": ends[0].replace(day=1), "last": asked.last}
    moved = {
        (row.month, row.currency): (row.invoiced, row.credited)
        for row in await session.execute(_DEFERRED, {**asked.scope.values, **span})
    }
    units = sorted({*standing, *(unit for _, unit in moved)})
    rows: list[tuple[Cell, ...]] = []
    for end in ends:
        closing = await _deferred_at(session, asked.scope, min(end, asked.last))
        for unit in units:
            opening, closed = standing.get(unit, 0), closing.get(unit, 0)
            invoiced, credited = moved.get((end, unit), (0, 0))
            earned = closed - opening - invoiced - credited
            steps = (opening, invoiced, credited, earned, closed)
            rows.append((end, *(Money(minor, currency(unit)) for minor in steps)))
        standing = closing
    return rows


async def _deferred_at(session: AsyncSession, scope: Scope, on: date) -> dict[str, int]:
    held = await balances(session, scope, on)
    return {unit: -minor for (unit, a), minor in held.items() if a is Account.DEFERRED_REVENUE}


async def _ahead(session: AsyncSession, asked: Asked) -> list[tuple[Cell, ...]]:
    """Spread what documents dated by ``last`` leave over the months after that day."""
    until = asked.last + timedelta(days=_YEARS_AHEAD * 31)
    repository = RevenueRepository(session)
    earnings = await repository.by_month(asked.scope, asked.last, until, known=asked.last)
    sums: defaultdict[tuple[date, str], int] = defaultdict(int)
    for earning in earnings:
        sums[earning.month, earning.currency] += earning.minor
    await _leave_out_earned(repository, asked, sums)
    return [
        (last, Money(minor, currency(unit)))
        for (last, unit), minor in sorted(sums.items())
        if minor
    ]


async def _leave_out_earned(
    repository: RevenueRepository, asked: Asked, sums: defaultdict[tuple[date, str], int]
) -> None:
    """Take the days up to ``last`` off the month that it lies in."""
    [this_month] = month_ends(asked.last, asked.last)
    by_now = await repository.earned(asked.scope, asked.last)
    before = await repository.earned(asked.scope, this_month.replace(day=1) - timedelta(days=1))
    for (unit, account), minor in _changes(by_now.items(), before):
        del account
        sums[this_month, unit] -= minor


def _changes(
    now: Iterable[tuple[tuple[str, Account], int]], before: dict[tuple[str, Account], int]
) -> Iterable[tuple[tuple[str, Account], int]]:
    return [(key, minor - before.get(key, 0)) for key, minor in now]
