"""Use case: grant promotional credit again and again, or stop that."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from billing.credits_desk import CreditDesk
from billing.domain.assembling import Scope
from billing.domain.discounts.records import HIGHEST_RANK
from billing.domain.discounts.recurring import Rollover, Schedule
from billing.errors_tax import BalanceNotFound, DiscountInvalid
from billing.repositories.credit_schedules import CreditScheduleRepository
from control_plane.audit.record import record
from control_plane.kernel.anchor import Anchor, Interval
from control_plane.kernel.calendar import instant_text
from control_plane.kernel.ids import TenantId, format_id, new_id
from control_plane.kernel.money import Money
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.clocks import TenantClock
from control_plane.tenancy.repository import OrganisationRepository

_LONGEST = 200
MOST_CYCLES = 1_000
"""The most intervals of a cycle, grants of a schedule and cycles of a rollover."""


@dataclass(frozen=True, slots=True)
class Cycle:
    """How often a credit comes: every ``count`` intervals, ``times`` times (None: until ended)."""

    interval: Interval
    count: int = 1
    times: int | None = None
    starts_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RecurCredit:
    """Give a customer credit at the start of every cycle; its rest lapses or rolls over."""

    work: UnitOfWork
    tenant_clock: TenantClock

    async def __call__(
        self,
        *,
        tenant_id: TenantId,
        amount: Money,
        reason: str,
        cycle: Cycle,
        actor: str,
        rollover: Rollover | None = None,
        priority: int = 0,
        scope: Scope | None = None,
    ) -> Schedule:
        """Return the schedule; where it starts now, its first credit is granted at once.

        Cycles are counted in the customer's time zone.

        Raises:
            DiscountInvalid: an amount or a count is out of bounds, no reason is given, or it would
                start in the past.
        """
        rolling, tidy = rollover or Rollover(), " ".join(reason.split())
        _check(amount, tidy, priority, cycle, rolling)
        async with self.work(tenant_id) as session:
            now = await self.tenant_clock.now(session, tenant_id)
            starts_at = cycle.starts_at or now
            if starts_at < now:
                raise _invalid("starts_at", instant_text(starts_at))
            zone = (await OrganisationRepository(session).get(tenant_id)).zone
            schedule = Schedule(
                id=new_id(),
                amount=amount,
                reason=tidy,
                anchor=Anchor(starts_at, zone, cycle.interval, cycle.count),
                rollover=rolling,
                times=cycle.times,
                priority=priority,
                scope=scope or Scope(),
            )
            await _keep(session, tenant_id, schedule, now, actor)
            if starts_at == now:
                await CreditDesk(session).bring_up(tenant_id, now)
            listed = await CreditScheduleRepository(session).all(tenant_id)
        return next(one for one in listed if one.id == schedule.id)

    async def end(self, *, tenant_id: TenantId, schedule_id: UUID, actor: str) -> None:
        """Grant nothing any more; what was granted keeps its end.

        Raises:
            BalanceNotFound: there is none that goes on.
        """
        async with self.work(tenant_id) as session:
            now = await self.tenant_clock.now(session, tenant_id)
            if not await CreditScheduleRepository(session).end(tenant_id, schedule_id, now):
                raise BalanceNotFound(what="recurring credit")
            shown = format_id("crs", schedule_id)
            await record(session, tenant_id, actor, "credit.ended", "credit_schedule", shown, {})


async def _keep(
    session: AsyncSession, tenant_id: TenantId, schedule: Schedule, now: datetime, actor: str
) -> None:
    await CreditScheduleRepository(session).add(tenant_id, schedule, now)
    details = {
        "amount_minor": schedule.amount.minor,
        "currency": schedule.amount.currency.code,
        "every": f"{schedule.anchor.count} {schedule.anchor.interval.value}",
        "reason": schedule.reason,
    }
    shown = format_id("crs", schedule.id)
    await record(session, tenant_id, actor, "credit.scheduled", "credit_schedule", shown, details)


def _check(amount: Money, reason: str, priority: int, cycle: Cycle, rollover: Rollover) -> None:
    if amount.minor <= 0:
        raise _invalid("amount", amount)
    if not 1 <= len(reason) <= _LONGEST:
        raise _invalid("reason", reason[:60])
    if abs(priority) > HIGHEST_RANK:
        raise _invalid("priority", priority)
    for name, count in (("count", cycle.count), ("times", cycle.times)):
        if count is not None and not 1 <= count <= MOST_CYCLES:
            raise _invalid(name, count)
    _check_rollover(amount, rollover)


def _check_rollover(amount: Money, rollover: Rollover) -> None:
    if rollover.cycles is not None and not 0 <= rollover.cycles <= MOST_CYCLES:
        raise _invalid("rollover_cycles", rollover.cycles)
    most = rollover.most
    if most is not None and (most.minor <= 0 or most.currency != amount.currency):
        raise _invalid("rollover_most", most)
    if most is not None and rollover.cycles == 0:
        raise _invalid("rollover_most", most)


def _invalid(what: str, value: object) -> DiscountInvalid:
    return DiscountInvalid(what=what, value=str(value), field=what)
