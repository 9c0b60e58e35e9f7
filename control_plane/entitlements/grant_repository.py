"""Grants and overrides as rows, and what was used of what they give."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.catalog.feature_codec import grant_body, grant_from_body
from control_plane.entitlements.domain.grants import (
    USUAL_PRIORITY,
    Override,
    PeriodUse,
    Reading,
    Rollover,
    TenantGrant,
)
from control_plane.kernel.anchor import Anchor, Interval
from control_plane.kernel.canonical import canonical_json
from control_plane.kernel.ids import TenantId

_ALL = text(
    "SELECT g.*, e.at AS ended_at FROM feature_grants g "
    "LEFT JOIN feature_grant_ends e ON e.tenant_id = g.tenant_id AND e.id = g.id "
    "WHERE g.tenant_id = :tenant_id ORDER BY g.created_at, g.id"
)
_ADD = text(
    "INSERT INTO feature_grants (tenant_id, id, override, feature, value, starts_at, ends_at, "
    "priority, zone, interval, count, rollover_least, rollover_most, reason, created_by, "
    "created_at) VALUES (:tenant_id, :id, :override, :feature, CAST(:value AS jsonb), :starts_at, "
    ":ends_at, :priority, :zone, :interval, :count, :least, :most, :reason, :created_by, "
    ":created_at)"
)
_END = text(
    "INSERT INTO feature_grant_ends (tenant_id, id, at, reason, created_by) "
    "VALUES (:tenant_id, :id, :at, :reason, :by) ON CONFLICT DO NOTHING RETURNING true"
)
# A period is used by what was spent of it, is held or lost, or was metered, whichever is more.
_USES = text(
    "SELECT feature, period, period_start, period_end, "
    "greatest(spent + held + lost, metered) AS units FROM lease_accounts "
    "WHERE tenant_id = :tenant_id AND feature = ANY(:features) AND kind = 'metered'"
)
_READINGS = text(
    "SELECT feature, at, period, units FROM feature_readings WHERE tenant_id = :tenant_id"
)
_READ = text(
    "INSERT INTO feature_readings (tenant_id, feature, at, period, units) "
    "VALUES (:tenant_id, :feature, :at, :period, :units) ON CONFLICT DO NOTHING"
)
_TURN = text(
    "INSERT INTO feature_turns (tenant_id, next_at) VALUES (:tenant_id, :next_at) "
    "ON CONFLICT (tenant_id) DO UPDATE SET next_at = excluded.next_at "
    "WHERE feature_turns.next_at IS DISTINCT FROM excluded.next_at"
)


@dataclass(frozen=True, slots=True)
class Given:
    """What a tenant was given, ended or not, in the order of creation."""

    grants: tuple[TenantGrant, ...] = ()
    overrides: tuple[Override, ...] = ()


@dataclass(frozen=True, slots=True)
class GrantRepository:
    """The grants and overrides of the session's tenant: appended, and ended, never changed."""

    session: AsyncSession

    async def all(self, tenant_id: TenantId) -> Given:
        """Return everything ever given."""
        rows = (await self.session.execute(_ALL, {"tenant_id": tenant_id})).mappings().all()
        return Given(
            grants=tuple(_grant(row) for row in rows if not row["override"]),
            overrides=tuple(_override(row) for row in rows if row["override"]),
        )

    async def add(self, tenant_id: TenantId, one: TenantGrant | Override) -> None:
        """Append a grant or an override."""
        granted = one if isinstance(one, TenantGrant) else None
        recurrence = granted.recurrence if granted else None
        rollover = granted.rollover if granted else Rollover()
        values = {
            "tenant_id": tenant_id,
            "id": one.id,
            "override": granted is None,
            "feature": one.feature,
            "value": canonical_json(grant_body(one.value)).decode(),
            "starts_at": one.starts_at,
            "ends_at": one.expires_at if isinstance(one, TenantGrant) else one.ends_at,
            "priority": granted.priority if granted else USUAL_PRIORITY,
            "zone": recurrence and recurrence.zone,
            "interval": recurrence and recurrence.interval.value,
            "count": recurrence and recurrence.count,
            "least": rollover.least,
            "most": rollover.most,
            "reason": one.reason,
            "created_by": one.created_by,
            "created_at": one.created_at,
        }
        await self.session.execute(_ADD, values)

    async def end(self, tenant_id: TenantId, of: UUID, at: datetime, reason: str, by: str) -> bool:
        """End one; False when it was ended before."""
        values = {"tenant_id": tenant_id, "id": of, "at": at, "reason": reason, "by": by}
        return bool(await self.session.scalar(_END, values))

    async def uses(
        self, tenant_id: TenantId, features: Iterable[str]
    ) -> dict[str, dict[str, PeriodUse]]:
        """Return what was used, by feature and period."""
        values = {"tenant_id": tenant_id, "features": sorted(features)}
        found: dict[str, dict[str, PeriodUse]] = {}
        for row in await self.session.execute(_USES, values):
            use = PeriodUse(row.period, _utc(row.period_start), _utc(row.period_end), row.units)
            found.setdefault(row.feature, {})[row.period] = use
        return found

    async def readings(self, tenant_id: TenantId) -> dict[str, dict[datetime, Reading]]:
        """Return what had been used by instants within periods, by feature."""
        found: dict[str, dict[datetime, Reading]] = {}
        for row in await self.session.execute(_READINGS, {"tenant_id": tenant_id}):
            at = row.at.astimezone(UTC)
            found.setdefault(row.feature, {})[at] = Reading(at, row.period, row.units)
        return found

    async def read(self, tenant_id: TenantId, readings: Mapping[str, Iterable[Reading]]) -> None:
        """Keep readings; of two of one instant the first stays."""
        rows = [
            {
                "tenant_id": tenant_id,
                "feature": feature,
                "at": one.at,
                "period": one.key,
                "units": one.units,
            }
            for feature, taken in readings.items()
            for one in taken
        ]
        if rows:
            await self.session.execute(_READ, rows)

    async def turn_at(self, tenant_id: TenantId, next_at: datetime | None) -> None:
        """Keep when balances turn next."""
        await self.session.execute(_TURN, {"tenant_id": tenant_id, "next_at": next_at})


def _grant(row: RowMapping) -> TenantGrant:
    return TenantGrant(
        id=row["id"],
        feature=row["feature"],
        value=grant_from_body(row["value"]),
        starts_at=row["starts_at"].astimezone(UTC),
        created_at=row["created_at"].astimezone(UTC),
        reason=row["reason"],
        created_by=row["created_by"],
        expires_at=_utc(row["ends_at"]),
        priority=row["priority"],
        recurrence=(
            None
            if row["interval"] is None
            else Anchor(row["starts_at"], row["zone"], Interval(row["interval"]), row["count"])
        ),
        rollover=Rollover(row["rollover_least"], row["rollover_most"]),
        ended_at=_utc(row["ended_at"]),
    )


def _override(row: RowMapping) -> Override:
    return Override(
        id=row["id"],
        feature=row["feature"],
        value=grant_from_body(row["value"]),
        starts_at=row["starts_at"].astimezone(UTC),
        created_at=row["created_at"].astimezone(UTC),
        reason=row["reason"],
        created_by=row["created_by"],
        ends_at=_utc(row["ends_at"]),
        ended_at=_utc(row["ended_at"]),
    )


def _utc(at: datetime | None) -> datetime | None:
    return None if at is None else at.astimezone(UTC)
