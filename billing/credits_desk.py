"""Promotional credits as they stand at an instant, with those that come again brought up to it.

The job that grants them may be late, and an invoice may be previewed for a day to come: so whoever
asks at an instant gets what the schedules make of it, and rows are written when something is used.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.discounts.records import Grant
from billing.domain.discounts.recurring import Standing, advance
from billing.repositories.credit_schedules import CreditScheduleRepository
from billing.repositories.credits import CreditRepository
from control_plane.audit.record import record
from control_plane.kernel.ids import TenantId, format_id
from control_plane.kernel.money import Money

_ACTOR = "billing"


@dataclass(frozen=True, slots=True)
class CreditDesk:
    """Knows a customer's credits within the caller's transaction."""

    session: AsyncSession

    async def usable(
        self, tenant_id: TenantId, code: str, at: datetime, *, lock: bool = False
    ) -> list[Grant]:
        """Return credits of a currency with something free at an instant, cycles begun included."""
        standing = await self._standing(tenant_id, at, lock=lock)
        found = await CreditRepository(self.session).usable(tenant_id, code, at, lock=lock)
        grants = {grant.id: grant for grant in found}
        grants.update({grant.id: grant for one in standing for grant in one.grants})
        return [g for g in grants.values() if g.free.currency.code == code and _usable(g, at)]

    async def bring_up(self, tenant_id: TenantId, at: datetime) -> int:
        """Pass every cycle's boundary up to an instant, as rows; return how many changed.

        Each boundary is passed once, whoever comes first: the schedules stay locked.
        """
        repository = CreditRepository(self.session)
        schedules = CreditScheduleRepository(self.session)
        changed = 0
        for one in await schedules.due(tenant_id, at, lock=True):
            before = await repository.of_schedules(tenant_id, [one.id], lock=True)
            standing = advance(one, before, at)
            changed += await self._keep(tenant_id, before, standing)
            await schedules.move(tenant_id, standing.schedule)
        return changed

    async def _standing(self, tenant_id: TenantId, at: datetime, *, lock: bool) -> list[Standing]:
        due = await CreditScheduleRepository(self.session).due(tenant_id, at, lock=lock)
        if not due:
            return []
        grants = await CreditRepository(self.session).of_schedules(
            tenant_id, [one.id for one in due], lock=lock
        )
        return [advance(one, [g for g in grants if g.schedule_id == one.id], at) for one in due]

    async def _keep(self, tenant_id: TenantId, before: list[Grant], standing: Standing) -> int:
        repository, known = CreditRepository(self.session), {grant.id: grant for grant in before}
        changed = [grant for grant in standing.grants if known.get(grant.id) != grant]
        for grant in changed:
            old = known.get(grant.id)
            if old is None:
                await repository.add(tenant_id, grant)
                await self._record(tenant_id, "credit.granted", grant, grant.granted)
            else:
                await repository.renew(tenant_id, grant)
            lapsed = grant.expired if old is None else grant.expired - old.expired
            if lapsed.minor:
                await self._record(tenant_id, "credit.expired", grant, lapsed)
            if old is not None and old.expires_at != grant.expires_at:
                await self._record(tenant_id, "credit.rolled_over", grant, grant.free)
        return len(changed)

    async def _record(self, tenant_id: TenantId, action: str, grant: Grant, amount: Money) -> None:
        details = {"amount_minor": amount.minor, "currency": amount.currency.code}
        shown = format_id("crd", grant.id)
        await record(self.session, tenant_id, _ACTOR, action, "credit", shown, details)


def _usable(grant: Grant, at: datetime) -> bool:
    lasts = grant.expires_at is None or grant.expires_at > at
    return bool(grant.free.minor) and grant.granted_at <= at and lasts
