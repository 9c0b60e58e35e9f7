"""Billing accounts: one row a tenant, which serialises all billing of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row, TextClause, func, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from billing.domain.groups.centres import CentreTerms
from billing.domain.records import Account
from billing.models import AccountRow
from control_plane.kernel.failure import Failure
from control_plane.kernel.ids import TenantId
from control_plane.runtime.writes import Write, run, send

DUE = text(
    """
    (SELECT a.tenant_id, a.next_due_at FROM billing_accounts a
    WHERE a.parked_at IS NULL AND a.next_due_at <= :now
    AND NOT EXISTS (SELECT FROM test_clocks c WHERE c.tenant_id = a.tenant_id)
    ORDER BY a.next_due_at LIMIT :most)
    UNION ALL
    (SELECT a.tenant_id, a.next_due_at FROM test_clocks c CROSS JOIN LATERAL (
        SELECT tenant_id, next_due_at FROM billing_accounts WHERE tenant_id = c.tenant_id
        AND parked_at IS NULL AND next_due_at <= c.now_at OFFSET 0) AS a
    ORDER BY a.next_due_at LIMIT :most)
    ORDER BY next_due_at LIMIT :most
    """
)
"""Real time and test clocks are asked apart: the one is a look into the index of what is due, the
other one look-up a clock, however many tenants wait for a later day.
"""
_ADVANCE = text(
    """
    UPDATE billing_accounts SET closed_through = :closed_through, next_due_at = :next_due_at,
        reach = :reach, usage_cutoff = :usage_cutoff
    WHERE tenant_id = :tenant_id
    """
)
_COLUMNS = """tenant_id, entity, closed_through, next_due_at, parked_reason,
    parked_failure, provider, provider_customer, provider_method, method_label, policies,
    grace_seconds, threshold_minor, reach, usage_cutoff, cost_centres"""
_READ = f"SELECT {_COLUMNS} FROM billing_accounts WHERE tenant_id = :tenant_id"  # noqa: S608 - ours
_GET = text(_READ)
_LOCK = text(f"{_READ} FOR UPDATE")
TRY = text(f"{_READ} FOR UPDATE SKIP LOCKED")

_LONGEST_REASON = 2000


@dataclass(frozen=True, slots=True)
class AccountRepository:
    """The account of the session's tenant."""

    session: AsyncSession

    async def open(self, tenant_id: TenantId, entity: str, now: datetime) -> Account:
        """Return the account, locked until the commit; open one when there is none."""
        values = {
            "tenant_id": tenant_id,
            "entity": entity,
            "created_at": now,
            "provider": "manual",
            "policies": {},
        }
        await self.session.execute(insert(AccountRow).values(values).on_conflict_do_nothing())
        account = await self.lock(tenant_id)
        if account is None:
            raise AssertionError(f"no account of {tenant_id} after opening it")
        return account

    async def lock(self, tenant_id: TenantId, *, wait: bool = True) -> Account | None:
        """Return the account, locked until the commit.

        Without ``wait``, None also says that somebody else holds it.
        """
        return await self._one(_LOCK if wait else TRY, tenant_id)

    async def get(self, tenant_id: TenantId) -> Account | None:
        """Return the account, None before the first subscription."""
        return await self._one(_GET, tenant_id)

    async def _one(self, statement: TextClause, tenant_id: TenantId) -> Account | None:
        row = (await run(self.session, statement, {"tenant_id": tenant_id})).one_or_none()
        return None if row is None else _account(row)

    async def advance(self, account: Account) -> None:
        """Record how far everything is invoiced, by which look, and when there is more."""
        await send(self.session, [advanced(account)])

    async def look_back(self, tenant_id: TenantId, reach: datetime, now: datetime) -> None:
        """Have the next close look at everything from ``reach`` on again, and soon."""
        columns = AccountRow.__table__.c  # type: ignore[attr-defined]
        await self._update(
            tenant_id,
            {
                "reach": func.least(columns.reach, reach),
                "next_due_at": func.least(columns.next_due_at, now),
            },
        )

    async def set_terms(
        self,
        tenant_id: TenantId,
        *,
        policies: Mapping[str, str | int],
        grace: timedelta,
        threshold_minor: int | None,
    ) -> None:
        """Record the tenant's own billing terms."""
        values = {
            "policies": dict(policies),
            "grace_seconds": int(grace.total_seconds()),
            "threshold_minor": threshold_minor,
        }
        await self._update(tenant_id, values)

    async def sort_by(self, tenant_id: TenantId, terms: CentreTerms) -> None:
        """Record how the customer sorts its invoices by cost centre."""
        await self._update(tenant_id, {"cost_centres": terms.body()})

    async def park(self, tenant_id: TenantId, at: datetime, why: Failure | str) -> None:
        """Halt the tenant's billing until a person has looked at it: a failure, or their words."""
        values = {
            "parked_at": at,
            "parked_reason": str(why.said() if isinstance(why, Failure) else why)[:_LONGEST_REASON],
            "parked_failure": why.body() if isinstance(why, Failure) else None,
        }
        await self._update(tenant_id, values)

    async def resume(self, tenant_id: TenantId) -> None:
        """Let a halted billing go on."""
        nothing = {"parked_at": None, "parked_reason": None, "parked_failure": None}
        await self._update(tenant_id, nothing)

    async def pay_by(
        self,
        tenant_id: TenantId,
        provider: str,
        customer: str | None,
        method: str | None,
        label: str,
    ) -> None:
        """Record how the tenant pays from now on."""
        values = {
            "provider": provider,
            "provider_customer": customer,
            "provider_method": method,
            "method_label": label,
        }
        await self._update(tenant_id, values)

    async def _update(self, tenant_id: TenantId, values: Mapping[str, object]) -> None:
        statement = update(AccountRow).where(col(AccountRow.tenant_id) == tenant_id)
        await self.session.execute(
            statement.values(**values).execution_options(synchronize_session=False)
        )


def advanced(account: Account) -> Write:
    """Return what `AccountRepository.advance` writes."""
    return Write(
        _ADVANCE,
        {
            "tenant_id": account.tenant_id,
            "closed_through": account.closed_through,
            "next_due_at": account.next_due_at,
            "reach": account.reach,
            "usage_cutoff": account.usage_cutoff,
        },
    )


async def due_tenants(system: AsyncSession, now: datetime, most: int) -> list[TenantId]:
    """Return tenants with something due by their own clocks, for a session of the system."""
    rows = await system.scalars(DUE, {"now": now, "most": most})
    return [TenantId(row) for row in rows]


def _account(row: Row[Any]) -> Account:
    return Account(
        tenant_id=TenantId(row.tenant_id),
        entity=row.entity,
        closed_through=_utc(row.closed_through),
        next_due_at=_utc(row.next_due_at),
        parked_reason=why_parked(row.parked_reason, row.parked_failure),
        provider=row.provider,
        provider_customer=row.provider_customer,
        provider_method=row.provider_method,
        method_label=row.method_label,
        policies=dict(row.policies),
        grace=timedelta(seconds=row.grace_seconds),
        threshold_minor=row.threshold_minor,
        reach=_utc(row.reach),
        usage_cutoff=row.usage_cutoff,
        cost_centres=CentreTerms.from_body(row.cost_centres),
    )


def why_parked(reason: str | None, failure: Mapping[str, Any] | None) -> str | None:
    """Return why billing is halted, able to be translated where it was kept as a failure."""
    return reason if failure is None else Failure.from_body(failure).said()


def _utc(at: datetime | None) -> datetime | None:
    return None if at is None else at.astimezone(UTC)
