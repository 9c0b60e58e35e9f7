"""What was earned, computed from the lines of invoices and credit notes: no schedule is stored."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Row, TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.ledger import Account
from billing.domain.revenue.recognition import Reduction, RevenueLine, earned_by, month_ends
from control_plane.kernel.ids import TenantId


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose books: one tenant's, or those of all tenants of a legal entity."""

    tenant_id: TenantId | None = None
    entity: str | None = None
    currency: str | None = None

    @property
    def values(self) -> dict[str, Any]:
        """The parameters that `scoped` queries take."""
        return {"tenant_id": self.tenant_id, "entity": self.entity, "currency": self.currency}


def scoped(query: str, of: str, entity: str) -> TextClause:
    """Return a query with ``$scope`` filled: rows of the alias ``of`` are within a `Scope`."""
    condition = (
        f"(CAST(:tenant_id AS uuid) IS NULL OR {of}.tenant_id = :tenant_id)"
        f" AND (CAST(:entity AS text) IS NULL OR {entity}.entity = :entity)"
        f" AND (CAST(:currency AS text) IS NULL OR {of}.currency = :currency)"
    )
    return text(query.replace("$scope", condition))


@dataclass(frozen=True, slots=True)
class SoldLine:
    """A line to be earned, and what it was sold as."""

    tenant_id: TenantId
    currency: str
    account: Account
    item: str
    charge: str
    line: RevenueLine


@dataclass(frozen=True, slots=True)
class Earning:
    """What was earned in a month (named by its last day), in minor units."""

    month: date
    currency: str
    account: Account
    item: str
    charge: str
    minor: int


_COLUMNS = """
    SELECT l.tenant_id, l.currency, l.account, coalesce(l.item, '') AS item, l.charge_code,
        l.net_minor, l.first_day, l.last_day, l.dated, l.earned_at_issue, l.reductions
    FROM revenue_lines l WHERE $scope
"""
_LINES = scoped(_COLUMNS + " AND NOT (l.earned_at_issue AND l.reductions IS NULL)", "l", "l")
_REDUCED = scoped(_COLUMNS + " AND l.dated <= :through AND l.reductions IS NOT NULL", "l", "l")
_EARNED = scoped(
    """
    SELECT l.currency, l.account,
        sum(earned_by(l.net_minor, l.first_day, l.last_day, l.dated, :day))::bigint AS minor
    FROM revenue_lines l
    WHERE $scope AND l.dated <= :day AND NOT l.earned_at_issue AND l.reductions IS NULL
    GROUP BY l.currency, l.account
    """,
    "l",
    "l",
)
_BY_MONTH = scoped(
    """
    SELECT m.last AS month, l.currency, l.account, coalesce(l.item, '') AS item, l.charge_code,
        sum(earned_by(l.net_minor, l.first_day, l.last_day, l.dated, m.cut)
            - earned_by(l.net_minor, l.first_day, l.last_day, l.dated, m.first - 1)
        )::bigint AS minor
    FROM revenue_lines l
    JOIN unnest(CAST(:firsts AS date[]), CAST(:lasts AS date[]), CAST(:cuts AS date[]))
        AS m (first, last, cut)
        ON l.dated <= m.cut AND (l.last_day >= m.first OR l.dated >= m.first)
    WHERE $scope AND l.dated <= :known AND NOT l.earned_at_issue AND l.reductions IS NULL
    GROUP BY 1, 2, 3, 4, 5
    """,
    "l",
    "l",
)
_AT_ISSUE = scoped(
    """
    SELECT t.booked_on, e.currency, e.account, -e.amount_minor AS minor
    FROM ledger_entries e
    JOIN ledger_transactions t ON t.tenant_id = e.tenant_id AND t.id = e.transaction_id
    JOIN billing_accounts a ON a.tenant_id = e.tenant_id
    WHERE $scope AND t.kind <> 'recognition' AND e.account LIKE 'revenue%'
        AND t.booked_on BETWEEN :first AND :last
    """,
    "e",
    "a",
)


@dataclass(frozen=True, slots=True)
class RevenueRepository:
    """Recognition over the rows a session may see: a tenant's own, or staff's view of all."""

    session: AsyncSession

    async def lines(self, scope: Scope) -> list[SoldLine]:
        """Return every line that recognition has something to say of."""
        rows = await self.session.execute(_LINES, scope.values)
        return [_sold(row) for row in rows]

    async def earned(self, scope: Scope, day: date) -> dict[tuple[str, Account], int]:
        """Return what is earned by the end of a day, by currency and account: minor units."""
        rows = await self.session.execute(_EARNED, {**scope.values, "day": day})
        sums: defaultdict[tuple[str, Account], int] = defaultdict(int)
        for row in rows:
            sums[row.currency, Account(row.account)] += row.minor
        for sold in await self._reduced(scope, day):
            sums[sold.currency, sold.account] += earned_by(sold.line, day)
        return dict(sums)

    async def by_month(
        self, scope: Scope, first: date, last: date, known: date | None = None
    ) -> list[Earning]:
        """Return what is earned in each month from that of ``first`` up to the day ``last``.

        A month under way on that day has its days up to it. With ``known``, only by the documents
        of that day and before. Revenue that never was deferred (old invoices, lapsed balances) is
        included when nothing limits what is known.
        """
        ends = list(month_ends(first, last))
        cuts = [min(end, last) for end in ends]
        firsts = [end.replace(day=1) for end in ends]
        months = {"firsts": firsts, "lasts": ends, "cuts": cuts}
        values = {**scope.values, **months, "known": known or date.max}
        rows = await self.session.execute(_BY_MONTH, values)
        earnings = [_earning(row.month, row, row.minor) for row in rows]
        for sold in await self._reduced(scope, min(known or last, last)):
            earnings += _in_months(_known_by(sold, known), ends, last)
        if known is None:
            spanned = {**scope.values, "first": ends[0].replace(day=1), "last": last}
            for row in await self.session.execute(_AT_ISSUE, spanned):
                month = next(end for end in ends if row.booked_on <= end)
                account = Account(row.account)
                earnings.append(Earning(month, row.currency, account, "", "", row.minor))
        return [earning for earning in earnings if earning.minor]

    async def _reduced(self, scope: Scope, through: date) -> list[SoldLine]:
        rows = await self.session.execute(_REDUCED, {**scope.values, "through": through})
        return [_sold(row) for row in rows]


def _in_months(sold: SoldLine, ends: list[date], last: date) -> Iterator[Earning]:
    before = earned_by(sold.line, ends[0].replace(day=1) - timedelta(days=1))
    for end in ends:
        earned = earned_by(sold.line, min(end, last))
        yield Earning(end, sold.currency, sold.account, sold.item, sold.charge, earned - before)
        before = earned


def _known_by(sold: SoldLine, known: date | None) -> SoldLine:
    if known is None:
        return sold
    reductions = tuple(r for r in sold.line.reductions if r.on <= known)
    return replace(sold, line=replace(sold.line, reductions=reductions))


def _earning(month: date, row: Row[Any], minor: int) -> Earning:
    return Earning(month, row.currency, Account(row.account), row.item, row.charge_code, minor)


def _sold(row: Row[Any]) -> SoldLine:
    reductions = tuple(Reduction(date.fromisoformat(d), m) for d, m in row.reductions or ())
    line = RevenueLine(
        net=row.net_minor,
        first=row.first_day,
        last=row.last_day,
        dated=row.dated,
        reductions=reductions,
        earned_at_issue=row.earned_at_issue,
    )
    return SoldLine(
        TenantId(row.tenant_id), row.currency, Account(row.account), row.item, row.charge_code, line
    )
