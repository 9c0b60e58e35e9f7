"""What time it is for a tenant: its test clock's time, or the real one."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import TenantId


@dataclass(frozen=True, slots=True)
class ClockReading:
    """A tenant's time, and whether a test clock tells it."""

    now: datetime
    test: bool


@dataclass(frozen=True, slots=True)
class TenantClock:
    """Tells every instant of a tenant's business: effects, billing, seasons, expiry.

    Sessions, leases and the outbox live in real time and ask the `Clock` itself.
    """

    clock: Clock

    async def now(self, session: AsyncSession, tenant_id: TenantId) -> datetime:
        """Return the tenant's present instant (UTC).

        ``session`` must be bound to the tenant, or be the system's.
        """
        return (await self.read(session, tenant_id)).now

    async def read(self, session: AsyncSession, tenant_id: TenantId) -> ClockReading:
        """Return the tenant's present instant and which clock told it."""
        at: datetime | None = await session.scalar(
            text("SELECT now_at FROM test_clocks WHERE tenant_id = :tenant_id"),
            {"tenant_id": tenant_id},
        )
        return self.told(at)

    async def is_real(self, session: AsyncSession, tenant_id: TenantId) -> bool:
        """Tell whether the tenant lives in real time for good: no sandbox, and so none ever."""
        return bool(
            await session.scalar(
                text("SELECT NOT sandbox FROM organisations WHERE id = :tenant_id"),
                {"tenant_id": tenant_id},
            )
        )

    def told(self, by_test_clock: datetime | None) -> ClockReading:
        """Return the present instant of a tenant whose test clock says this; None: it has none."""
        if by_test_clock is None:
            return ClockReading(now=self.clock.now(), test=False)
        return ClockReading(now=by_test_clock.astimezone(UTC), test=True)
