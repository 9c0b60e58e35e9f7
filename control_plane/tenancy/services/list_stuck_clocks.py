"""List the test clocks that do not move on."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import text

from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import StaffWork

_LIST = text(
    "SELECT tenant_id, now_at, target_at, last_error FROM test_clocks "
    "WHERE last_error IS NOT NULL ORDER BY tenant_id DESC LIMIT :most"
)


@dataclass(frozen=True, slots=True)
class StuckClock:
    """A test clock whose last step failed. Its instants are the sandbox's own time."""

    tenant_id: TenantId
    now_at: datetime
    target_at: datetime | None
    last_error: str


@dataclass(frozen=True, slots=True)
class ListStuckClocks:
    """Read over all tenants, for operators."""

    staff: StaffWork

    async def __call__(self, *, limit: int = 100) -> tuple[StuckClock, ...]:
        """Return those whose last step failed, the newest organisation's first."""
        async with self.staff() as session:
            rows = (await session.execute(_LIST, {"most": limit})).all()
        return tuple(
            StuckClock(
                TenantId(r.tenant_id),
                r.now_at.astimezone(UTC),
                None if r.target_at is None else r.target_at.astimezone(UTC),
                r.last_error,
            )
            for r in rows
        )
