"""Promotional credits that come again, as rows."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.assembling import Scope
from billing.domain.discounts.recurring import Rollover, Schedule
from control_plane.kernel.anchor import Anchor, Interval
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import TenantId
from control_plane.kernel.money import Money

_ADD = text(
    "INSERT INTO credit_schedules (tenant_id, id, reason, currency, amount_minor, priority, plans, "
    "charges, zone, starts_at, interval, count, times, rollover_cycles, rollover_most_minor, "
    "following, next_at, created_at) VALUES (:tenant_id, :id, :reason, :currency, :minor, "
    ":priority, :plans, :charges, :zone, :starts_at, :interval, :count, :times, :cycles, :most, "
    ":following, :next_at, :now)"
)
_LIST = text(
    "SELECT * FROM credit_schedules WHERE tenant_id = :tenant_id ORDER BY created_at DESC, id DESC"
)
_DUE = text(
    "SELECT * FROM credit_schedules WHERE tenant_id = :tenant_id AND next_at <= :at ORDER BY id"
)
# Whoever waited for the lock reads the row again, and finds it passed.
_DUE_LOCKED = text(f"{_DUE.text} FOR UPDATE")
_MOVE = text(
    "UPDATE credit_schedules SET following = :following, next_at = :next_at "
    "WHERE tenant_id = :tenant_id AND id = :id"
)
_END = text(
    "UPDATE credit_schedules SET ended_at = :at WHERE tenant_id = :tenant_id AND id = :id "
    "AND ended_at IS NULL AND following IS NOT NULL RETURNING true"
)


@dataclass(frozen=True, slots=True)
class CreditScheduleRepository:
    """The recurring credits of the session's tenant."""

    session: AsyncSession

    async def add(self, tenant_id: TenantId, schedule: Schedule, now: datetime) -> None:
        """Keep a schedule."""
        most = schedule.rollover.most
        values = {
            "tenant_id": tenant_id,
            "id": schedule.id,
            "reason": schedule.reason,
            "currency": schedule.amount.currency.code,
            "minor": schedule.amount.minor,
            "priority": schedule.priority,
            "plans": list(schedule.scope.plans),
            "charges": list(schedule.scope.charges),
            "zone": schedule.anchor.zone,
            "starts_at": schedule.anchor.at,
            "interval": schedule.anchor.interval.value,
            "count": schedule.anchor.count,
            "times": schedule.times,
            "cycles": schedule.rollover.cycles,
            "most": None if most is None else most.minor,
            "following": schedule.following,
            "next_at": schedule.next_at,
            "now": now,
        }
        await self.session.execute(_ADD, values)

    async def all(self, tenant_id: TenantId) -> list[Schedule]:
        """Return every schedule, the newest first."""
        rows = await self.session.execute(_LIST, {"tenant_id": tenant_id})
        return [_schedule(row) for row in rows.mappings()]

    async def due(self, tenant_id: TenantId, at: datetime, *, lock: bool = False) -> list[Schedule]:
        """Return the schedules with a boundary to pass up to an instant."""
        values = {"tenant_id": tenant_id, "at": at}
        rows = await self.session.execute(_DUE_LOCKED if lock else _DUE, values)
        return [_schedule(row) for row in rows.mappings()]

    async def move(self, tenant_id: TenantId, schedule: Schedule) -> None:
        """Record which boundary follows."""
        values = {"tenant_id": tenant_id, "id": schedule.id, "next_at": schedule.next_at}
        await self.session.execute(_MOVE, {**values, "following": schedule.following})

    async def end(self, tenant_id: TenantId, schedule_id: UUID, at: datetime) -> bool:
        """Grant nothing any more; False when there is none that goes on."""
        values = {"tenant_id": tenant_id, "id": schedule_id, "at": at}
        return bool(await self.session.scalar(_END, values))


def _schedule(row: RowMapping) -> Schedule:
    code = currency(row["currency"])
    most = row["rollover_most_minor"]
    ended = row["ended_at"]
    interval = Interval(row["interval"])
    return Schedule(
        id=row["id"],
        amount=Money(row["amount_minor"], code),
        reason=row["reason"],
        anchor=Anchor(row["starts_at"], row["zone"], interval, row["count"]),
        rollover=Rollover(row["rollover_cycles"], None if most is None else Money(most, code)),
        times=row["times"],
        priority=row["priority"],
        scope=Scope(tuple(row["plans"]), tuple(row["charges"])),
        following=row["following"],
        ended_at=None if ended is None else ended.astimezone(UTC),
    )
