"""Drop events that the policy no longer keeps, month by month, none before its invoices."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from control_plane.catalog.domain import Aggregation
from control_plane.catalog.repository import CatalogRepository
from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import StaffWork, SystemWork, UnitOfWork
from metering.domain.retention import (
    Kept,
    Policy,
    UsageMonth,
    Verdict,
    dropped_until,
    month_start,
    together,
    verdicts,
)
from metering.ports import EventMonths, UsageNeeds
from metering.stores.months_sql import (
    drop_month,
    drop_rest,
    forget_identities,
    has_events,
    identities_from,
    usage_months,
)

_BATCH = 10_000


@dataclass(frozen=True, slots=True)
class RetentionPlan:
    """What a run would do: of every month whether it goes, and from when on events are kept.

    ``kept_from`` is None where nothing is ever dropped.
    """

    verdicts: tuple[Verdict, ...]
    kept_from: datetime | None


@dataclass(frozen=True, slots=True)
class RetentionDone:
    """What a run did: months dropped, events outside of months, and identities forgotten."""

    months: int
    events: int
    identities: int


@dataclass(frozen=True, slots=True)
class ApplyRetention:
    """Drops what is old enough once every document that needs it is issued.

    Each month is a transaction of its own, so that a run that is killed has done part of the
    work. Events of meters that weigh levels over time are never dropped: a level holds until the
    next event, however long ago it was set. Ages are of real time, also of sandboxes' events.
    ``elsewhere`` are events outside PostgreSQL, to which the same applies.
    """

    work: UnitOfWork
    system: SystemWork
    staff: StaffWork
    needs: UsageNeeds
    clock: Clock
    policy: Policy
    elsewhere: EventMonths | None = None

    async def plan(self) -> RetentionPlan:
        """Say what would go and what stays, and why. Nothing is changed."""
        months = await self._months()
        if self.policy.events is None:
            return RetentionPlan(tuple(Verdict(month, Kept.YOUNG) for month in months), None)
        before = month_start(self.clock.now() - self.policy.events)
        needed = await self._needed(before)
        found = verdicts(months, before=before, needed=needed)
        until = min([dropped_until(found, before), *map(month_start, needed.values())])
        return RetentionPlan(found, until)

    async def __call__(self) -> RetentionDone:
        """Do what the plan says, and forget identities that are old enough."""
        if self.policy.events is None:
            return RetentionDone(0, 0, 0)
        plan = await self.plan()
        keep = await self._levels()
        gone = [verdict.month.name for verdict in plan.verdicts if verdict.kept is None]
        for name in gone:
            async with self.system() as session:
                if name in {month.name for month in await usage_months(session)}:
                    await drop_month(session, name, keep)
        events = 0 if plan.kept_from is None else await self._rest(plan.kept_from, keep)
        return RetentionDone(len(gone), events, await self._identities())

    async def _months(self) -> Sequence[UsageMonth]:
        async with self.system() as session:
            months = await usage_months(session)
        return together(months, await self.elsewhere.months() if self.elsewhere else ())

    async def _needed(self, before: datetime) -> dict[TenantId, datetime]:
        """Return from when on tenants need events that are old enough, and have some."""
        needed = {}
        for tenant_id in await self.needs.tenants():
            since = await self.needs.needed_since(tenant_id)
            if since is None or since >= before:
                continue
            if await self._has_events(tenant_id, month_start(since), before):
                needed[tenant_id] = since
        return needed

    async def _has_events(self, tenant_id: TenantId, start: datetime, end: datetime) -> bool:
        async with self.work(tenant_id) as session:
            if await has_events(session, tenant_id, start, end):
                return True
        return self.elsewhere is not None and await self.elsewhere.has_events(tenant_id, start, end)

    async def _levels(self) -> Sequence[str]:
        async with self.staff() as session:
            meters = (await CatalogRepository(session).meters()).values()
        return sorted({m.event_type for m in meters if m.aggregation is Aggregation.WEIGHTED})

    async def _rest(self, until: datetime, keep: Sequence[str]) -> int:
        total, gone = 0, _BATCH
        while gone == _BATCH:
            async with self.system() as session:
                gone = await drop_rest(session, until, keep, _BATCH)
            total += gone
        if self.elsewhere is not None:  # the horizon is committed by now
            total += await self.elsewhere.drop(until, keep)
        return total

    async def _identities(self) -> int:
        if self.policy.identities is None:
            return 0
        until = self.clock.now() - self.policy.identities
        total, gone = 0, _BATCH
        while gone == _BATCH:
            async with self.system() as session:
                gone = await forget_identities(session, until, _BATCH)
            total += gone
        if self.elsewhere is not None:
            async with self.system() as session:
                forgotten = await identities_from(session)
            total += 0 if forgotten is None else await self.elsewhere.forget(forgotten)
        return total
