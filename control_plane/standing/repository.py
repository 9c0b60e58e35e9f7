"""Keeps a tenant's steps, and where they lead, for whoever looks for what is due."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.kernel.ids import TenantId
from control_plane.sdk.snapshot import Standing
from control_plane.standing.domain import Kind, Step, Story

_LOCK = text("SELECT true FROM standings WHERE tenant_id = :tenant_id FOR UPDATE")
_OPEN = text(
    "INSERT INTO standings (tenant_id, standing) VALUES (:tenant_id, 'active') "
    "ON CONFLICT DO NOTHING"
)
_READ = text("SELECT standing, since, next_at FROM standings WHERE tenant_id = :tenant_id")
_STEPS = text(
    "SELECT number, kind, standing, at, since, effective_at, reason, actor "
    "FROM standing_steps WHERE tenant_id = :tenant_id ORDER BY number"
)
_APPEND = text(
    "INSERT INTO standing_steps "
    "(tenant_id, number, kind, standing, at, since, effective_at, reason, actor) VALUES "
    "(:tenant_id, :number, :kind, :standing, :at, :since, :effective_at, :reason, :actor)"
)
_KEEP = text(
    "UPDATE standings SET standing = :standing, since = :since, next_at = :next_at, "
    "held_until = :held_until WHERE tenant_id = :tenant_id "
    "AND (standing, since, next_at, held_until) IS DISTINCT FROM "
    "(CAST(:standing AS text), CAST(:since AS timestamptz), CAST(:next_at AS timestamptz), "
    "CAST(:held_until AS timestamptz))"
)


@dataclass(frozen=True, slots=True)
class KeptStanding:
    """What is kept of a tenant beside its steps.

    ``since`` is when its oldest open invoice fell, or falls, overdue; ``next_at`` when there will
    be something to do. Both are the tenant's own time.
    """

    standing: Standing = Standing.ACTIVE
    since: datetime | None = None
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StandingRepository:
    """The standing of the session's tenant, within one transaction."""

    session: AsyncSession

    async def lock(self, tenant_id: TenantId) -> None:
        """Let nobody else take steps for the tenant before this transaction ends."""
        name = {"tenant_id": tenant_id}
        if await self.session.scalar(_LOCK, name) is None:
            await self.session.execute(_OPEN, name)
            await self.session.execute(_LOCK, name)

    async def read(self, tenant_id: TenantId) -> KeptStanding:
        """Return how the tenant stands; active where nothing was ever owed."""
        row = (await self.session.execute(_READ, {"tenant_id": tenant_id})).one_or_none()
        if row is None:
            return KeptStanding()
        return KeptStanding(Standing(row.standing), _utc(row.since), _utc(row.next_at))

    async def steps(self, tenant_id: TenantId) -> tuple[Step, ...]:
        """Return every step, the first one first."""
        rows = await self.session.execute(_STEPS, {"tenant_id": tenant_id})
        return tuple(_step(row) for row in rows)

    async def append(self, tenant_id: TenantId, step: Step) -> None:
        """Add a step; one of the same number is refused by PostgreSQL."""
        await self.session.execute(
            _APPEND,
            {
                "tenant_id": tenant_id,
                "number": step.number,
                "kind": step.kind.value,
                "standing": step.standing.value,
                "at": step.at,
                "since": step.since,
                "effective_at": step.effective_at,
                "reason": str(step.reason),
                "actor": step.actor,
            },
        )

    async def keep(
        self, tenant_id: TenantId, story: Story, *, since: datetime | None, next_at: datetime | None
    ) -> None:
        """Note where the steps lead; nothing is written where that is known."""
        held_until = None if story.hold is None else story.hold.effective_at
        await self.session.execute(
            _KEEP,
            {
                "tenant_id": tenant_id,
                "standing": story.standing.value,
                "since": since,
                "next_at": next_at,
                "held_until": held_until,
            },
        )


def _step(row: Row[tuple[object, ...]]) -> Step:
    return Step(
        number=row.number,
        kind=Kind(row.kind),
        standing=Standing(row.standing),
        at=row.at.astimezone(UTC),
        since=_utc(row.since),
        effective_at=_utc(row.effective_at),
        reason=row.reason,
        actor=row.actor,
    )


def _utc(at: datetime | None) -> datetime | None:
    return None if at is None else at.astimezone(UTC)
