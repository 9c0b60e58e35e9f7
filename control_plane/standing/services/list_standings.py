"""Use case: show staff who does not stand well, and whose ladder is held."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import text

from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import StaffWork
from control_plane.sdk.snapshot import Standing
from control_plane.tenancy.clocks import TenantClock

MOST = 500
# The lowest first, then whoever is overdue the longest: nobody is hidden behind others for ever.
_LIST = text(
    """
    SELECT s.tenant_id, o.name, o.zone, o.sandbox, s.standing, s.since, s.next_at,
        CASE WHEN s.held_until > coalesce(c.now_at, :now) THEN s.held_until END AS held_until
    FROM standings s JOIN organisations o ON o.id = s.tenant_id
    LEFT JOIN test_clocks c ON c.tenant_id = s.tenant_id
    WHERE (s.standing <> 'active' OR s.held_until > coalesce(c.now_at, :now))
      AND (CAST(:standing AS text) IS NULL OR s.standing = CAST(:standing AS text))
    ORDER BY array_position(
        ARRAY['purged', 'retained', 'suspended', 'read_only', 'grace', 'active'], s.standing
    ), s.since, s.tenant_id LIMIT :most
    """
)


@dataclass(frozen=True, slots=True)
class StandingRow:
    """One tenant that does not stand well, or whose ladder is held. Instants are its own time."""

    tenant_id: TenantId
    name: str
    zone: str
    sandbox: bool
    standing: Standing
    overdue_since: datetime | None
    next_at: datetime | None
    held_until: datetime | None


@dataclass(frozen=True, slots=True)
class ListStandings:
    """List them over all tenants, for staff."""

    staff: StaffWork
    tenant_clock: TenantClock

    async def __call__(self, standing: Standing | None = None) -> tuple[StandingRow, ...]:
        """Return those of one standing, or all, the lowest first."""
        wanted = None if standing is None else standing.value
        asked = {"now": self.tenant_clock.clock.now(), "standing": wanted, "most": MOST}
        async with self.staff() as session:
            rows = await session.execute(_LIST, asked)
        return tuple(
            StandingRow(
                tenant_id=TenantId(row.tenant_id),
                name=row.name,
                zone=row.zone,
                sandbox=row.sandbox,
                standing=Standing(row.standing),
                overdue_since=_utc(row.since),
                next_at=_utc(row.next_at),
                held_until=_utc(row.held_until),
            )
            for row in rows
        )


def _utc(at: datetime | None) -> datetime | None:
    return None if at is None else at.astimezone(UTC)
