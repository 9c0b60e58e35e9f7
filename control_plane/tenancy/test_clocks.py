"""The test clock of a sandbox: one row, read and moved."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.kernel.ids import TenantId
from control_plane.tenancy.errors import ClockNotFound


@dataclass(frozen=True, slots=True)
class SandboxClock:
    """A sandbox's time. ``target`` is where it is going, while it is going."""

    tenant_id: TenantId
    now: datetime
    target: datetime | None
    last_error: str | None = None

    @property
    def state(self) -> str:
        """``ready``, or ``advancing`` until the target is reached and settled."""
        return "ready" if self.target is None else "advancing"


_READ = (
    "SELECT tenant_id, now_at, target_at, last_error FROM test_clocks WHERE tenant_id = :tenant_id"
)
_CLAIM = f"{_READ} AND state = 'advancing' FOR UPDATE SKIP LOCKED"


@dataclass(frozen=True, slots=True)
class TestClockRepository:
    """Reads and moves test clocks; the session is a tenant's, or the system's."""

    __test__ = False

    session: AsyncSession

    async def add(self, tenant_id: TenantId, at: datetime) -> bool:
        """Insert a clock; False when there is one already."""
        made = await self.session.scalar(
            text(
                "INSERT INTO test_clocks (tenant_id, now_at) VALUES (:tenant_id, :at) "
                "ON CONFLICT DO NOTHING RETURNING true"
            ),
            {"tenant_id": tenant_id, "at": at},
        )
        return bool(made)

    async def get(self, tenant_id: TenantId) -> SandboxClock:
        """Read a clock.

        Raises:
            ClockNotFound: the tenant has none.
        """
        found = await self._one(_READ, tenant_id)
        if found is None:
            raise ClockNotFound
        return found

    async def aim(self, tenant_id: TenantId, to: datetime) -> bool:
        """Start a clock that stands still towards ``to``; False when it is under way."""
        started = await self.session.scalar(
            text(
                "UPDATE test_clocks SET state = 'advancing', target_at = :to, last_error = NULL "
                "WHERE tenant_id = :tenant_id AND state = 'ready' AND now_at < :to RETURNING true"
            ),
            {"tenant_id": tenant_id, "to": to},
        )
        return bool(started)

    async def advancing(self) -> tuple[TenantId, ...]:
        """Name the tenants whose clocks are under way."""
        rows = await self.session.scalars(
            text("SELECT tenant_id FROM test_clocks WHERE state = 'advancing' ORDER BY tenant_id")
        )
        return tuple(TenantId(row) for row in rows)

    async def claim(self, tenant_id: TenantId) -> SandboxClock | None:
        """Hold a clock that is under way until the commit; None when another holds it."""
        return await self._one(_CLAIM, tenant_id)

    async def move(self, tenant_id: TenantId, to: datetime) -> None:
        """Set the time of a claimed clock."""
        await self.session.execute(
            text(
                "UPDATE test_clocks SET now_at = :to, last_error = NULL "
                "WHERE tenant_id = :tenant_id"
            ),
            {"tenant_id": tenant_id, "to": to},
        )

    async def arrive(self, tenant_id: TenantId) -> None:
        """Let a claimed clock, settled at its target, stand still."""
        await self.session.execute(
            text(
                "UPDATE test_clocks SET state = 'ready', target_at = NULL, last_error = NULL "
                "WHERE tenant_id = :tenant_id AND now_at = target_at"
            ),
            {"tenant_id": tenant_id},
        )

    async def fail(self, tenant_id: TenantId, reason: str) -> None:
        """Keep why a clock does not move on, for people to read."""
        await self.session.execute(
            text("UPDATE test_clocks SET last_error = :reason WHERE tenant_id = :tenant_id"),
            {"tenant_id": tenant_id, "reason": reason[:2000]},
        )

    async def _one(self, statement: str, tenant_id: TenantId) -> SandboxClock | None:
        result = await self.session.execute(text(statement), {"tenant_id": tenant_id})
        row = result.one_or_none()
        if row is None:
            return None
        target = None if row[2] is None else row[2].astimezone(UTC)
        return SandboxClock(TenantId(row[0]), row[1].astimezone(UTC), target, row[3])
