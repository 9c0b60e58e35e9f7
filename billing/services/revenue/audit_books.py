"""Check a tenant's books, keep what was found, and raise an alert over what is new."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.ledger import Account
from billing.repositories.findings import FindingRepository
from billing.repositories.revenue import RevenueRepository, Scope
from billing.services.check_books import CheckBooks, Finding
from billing.services.revenue.recognise_revenue import RecogniseRevenue, posted_revenue
from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import TenantId, format_id
from control_plane.runtime.outbox import enqueue
from control_plane.runtime.topics import MAIL_REQUESTED
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.repository import OrganisationRepository

EVERY = timedelta(days=1)
POSTED_WRONGLY = "posted revenue differs from what the days earned"
_NEXT = text("UPDATE billing_accounts SET books_due_at = :at WHERE tenant_id = :tenant_id")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class AuditBooks:
    """The daily check of one tenant. A finding is told once: by mail, and as an error in the log.

    It stands on the operator's page and in ``tallyard_books_findings`` until a check finds it
    mended. Without an ``operator_email`` nobody is written to.
    """

    work: UnitOfWork
    recognise: RecogniseRevenue
    check: CheckBooks
    clock: Clock
    operator_email: str = ""
    operator_language: str = "en"

    async def __call__(self, tenant_id: TenantId) -> list[Finding]:
        """Post what is missing of the ended months, check every rule, and return what is broken."""
        async with self.work(tenant_id) as session:
            await self.recognise(tenant_id)
            findings = [*await self.check(tenant_id), *await _misposted(session, tenant_id)]
            now = self.clock.now()
            found = [(finding.rule, finding.where) for finding in findings]
            fresh = await FindingRepository(session).keep(tenant_id, found, now)
            await self._tell(session, tenant_id, [f for f in findings if f.rule in fresh])
            await _later(session, tenant_id, now + EVERY)
            return findings

    async def _tell(self, session: AsyncSession, tenant_id: TenantId, fresh: list[Finding]) -> None:
        if not fresh:
            return
        tenant = format_id("ten", tenant_id)
        rules = [f"- {finding.rule}: {', '.join(finding.where)}" for finding in fresh]
        log.error("books_disagree", tenant_id=tenant, rules=[f.rule for f in fresh])
        if not self.operator_email:
            return
        organisation = await OrganisationRepository(session).get(tenant_id)
        payload = {
            "to": self.operator_email,
            "template": "books_disagree",
            "language": self.operator_language,
            "fields": {
                "organisation": organisation.name,
                "tenant": tenant,
                "rules": "\n".join(rules),
            },
        }
        await enqueue(session, tenant_id, MAIL_REQUESTED, payload)


async def _misposted(session: AsyncSession, tenant_id: TenantId) -> list[Finding]:
    """Hold what was just posted to the other way of reckoning it: in SQL, from the same lines."""
    posted = await posted_revenue(session, tenant_id)
    last = max((month for _, month in posted), default=None)
    if last is None:
        return []
    sums: Counter[tuple[str, Account]] = Counter()
    for (code, _), accounts in posted.items():
        for account, minor in accounts.items():
            sums[code, account] += minor
    earned = await RevenueRepository(session).earned(Scope(tenant_id), last)
    places = [
        f"{last:%Y-%m} {code} {account}"
        for code, account in sorted({*sums, *earned})
        if sums[code, account] != earned.get((code, account), 0)
    ]
    return [Finding(POSTED_WRONGLY, tuple(places))] if places else []


async def _later(session: AsyncSession, tenant_id: TenantId, at: datetime) -> None:
    await session.execute(_NEXT, {"tenant_id": tenant_id, "at": at})
