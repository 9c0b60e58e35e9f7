"""Post what a tenant's months earned."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.ledger import Account, recognition_entries
from billing.domain.revenue.recognition import earned_in_months, month_end
from billing.repositories.ledger import Kind, LedgerRepository, Posting
from billing.repositories.revenue import RevenueRepository, Scope
from control_plane.kernel.calendar import local_date, local_day_start
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import TenantId
from control_plane.kernel.money import Money
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.clocks import TenantClock
from control_plane.tenancy.repository import OrganisationRepository

_DAY = timedelta(days=1)
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
_POSTED = text(
    """
    SELECT e.currency, t.booked_on, e.account, -sum(e.amount_minor)::bigint AS minor
    FROM ledger_transactions t
    JOIN ledger_entries e ON e.tenant_id = t.tenant_id AND e.transaction_id = t.id
    WHERE t.tenant_id = :tenant_id AND t.kind = 'recognition' AND e.account LIKE 'revenue%'
    GROUP BY 1, 2, 3
    """
)
_REVISIONS = text(
    """
    SELECT split_part(business_key, ':', 2) AS currency, booked_on, count(*) AS posted
    FROM ledger_transactions WHERE tenant_id = :tenant_id AND kind = 'recognition' GROUP BY 1, 2
    """
)
_NEXT = text("UPDATE billing_accounts SET revenue_due_at = :at WHERE tenant_id = :tenant_id")

Months = Mapping[tuple[str, date], Mapping[Account, int]]


@dataclass(frozen=True, slots=True)
class RecogniseRevenue:
    """Brings the postings of every month that has ended to what the documents say was earned.

    What is owed to each month is computed, what was posted of it subtracted, and the difference
    posted on the month's last day under ``recognition:<currency>:<month>:<revision>``. So a run
    that was missed, repeated or beaten by another changes nothing in the end, and a document that
    arrives after its month was posted brings a further revision.
    """

    work: UnitOfWork
    tenant_clock: TenantClock

    async def __call__(self, tenant_id: TenantId) -> int:
        """Post what is missing of the tenant's ended months; return the postings made."""
        async with self.work(tenant_id) as session:
            await session.execute(_LOCK, {"name": f"revenue:{tenant_id}"})
            zone = (await OrganisationRepository(session).get(tenant_id)).zone
            now = await self.tenant_clock.now(session, tenant_id)
            today = local_date(now, zone)
            ended = today.replace(day=1) - _DAY
            owed = await _owed(session, tenant_id, ended)
            posted = await posted_revenue(session, tenant_id)
            made = await _post(session, tenant_id, zone, _differences(owed, posted))
            next_month = local_day_start(month_end(today) + _DAY, zone)
            await session.execute(_NEXT, {"tenant_id": tenant_id, "at": next_month})
            return made


async def _owed(session: AsyncSession, tenant_id: TenantId, ended: date) -> Months:
    sums: defaultdict[tuple[str, date], defaultdict[Account, int]] = defaultdict(
        lambda: defaultdict(int)
    )
    for sold in await RevenueRepository(session).lines(Scope(tenant_id)):
        for month, minor in earned_in_months(sold.line, ended):
            sums[sold.currency, month][sold.account] += minor
    return sums


async def posted_revenue(session: AsyncSession, tenant_id: TenantId) -> Months:
    """Return what was posted of each month by currency and account, in minor units."""
    sums: defaultdict[tuple[str, date], dict[Account, int]] = defaultdict(dict)
    for row in await session.execute(_POSTED, {"tenant_id": tenant_id}):
        sums[row.currency, row.booked_on][Account(row.account)] = row.minor
    return sums


def _differences(owed: Months, posted: Months) -> Months:
    """Return what each month still lacks; months that lack nothing are left out."""
    missing = {}
    for month in sorted({*owed, *posted}):
        due, done = owed.get(month, {}), posted.get(month, {})
        left = {a: due.get(a, 0) - done.get(a, 0) for a in {*due, *done}}
        if kept := {account: minor for account, minor in left.items() if minor}:
            missing[month] = kept
    return missing


async def _post(session: AsyncSession, tenant_id: TenantId, zone: str, missing: Months) -> int:
    if not missing:
        return 0
    rows = await session.execute(_REVISIONS, {"tenant_id": tenant_id})
    revisions = {(row.currency, row.booked_on): row.posted for row in rows}
    for (code, month), earned in missing.items():
        revision = revisions.get((code, month), 0) + 1
        amounts = {account: Money(minor, currency(code)) for account, minor in earned.items()}
        posting = Posting(
            kind=Kind.RECOGNITION,
            business_key=f"recognition:{code}:{month:%Y-%m}:{revision}",
            entries=recognition_entries(amounts),
            booked_at=_last_instant(month, zone),
            booked_on=month,
        )
        await LedgerRepository(session).book(tenant_id, posting)
    return len(missing)


def _last_instant(month: date, zone: str) -> datetime:
    return (local_day_start(month + _DAY, zone) - timedelta(microseconds=1)).astimezone(UTC)
