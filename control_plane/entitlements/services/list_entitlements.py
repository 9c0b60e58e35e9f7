"""Use case: show a tenant what it may do."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from control_plane.catalog.domain import Feature
from control_plane.entitlements.domain.build import build_snapshot
from control_plane.entitlements.gather import gather_facts
from control_plane.entitlements.repository import SnapshotRepository
from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.sdk.decide import decide
from control_plane.sdk.snapshot import Snapshot, Window
from control_plane.tenancy.clocks import TenantClock


@dataclass(frozen=True, slots=True)
class Entitlement:
    """One feature of the catalogue, as this tenant has it.

    ``limit`` is the total per ``feature.per`` now; ``valid_until`` is when that
    changes, as far as is known; ``windows`` lists past, present and future ones.
    """

    feature: Feature
    granted: bool
    limit: Decimal | None
    valid_until: datetime | None
    windows: tuple[Window, ...]


@dataclass(frozen=True, slots=True)
class Entitlements:
    """What a tenant may do at ``at``; ``revision`` is the newest that modules can have."""

    at: datetime
    revision: int
    items: tuple[Entitlement, ...]


@dataclass(frozen=True, slots=True)
class ListEntitlements:
    """Show every feature of the catalogue with what the tenant has of it."""

    work: UnitOfWork
    tenant_clock: TenantClock

    async def __call__(self, tenant_id: TenantId) -> Entitlements:
        """Return the features in the catalogue's order, by the tenant's own clock."""
        async with self.work(tenant_id) as session:
            reading = await self.tenant_clock.read(session, tenant_id)
            facts = await gather_facts(session, tenant_id, reading)
            revision = await SnapshotRepository(session).revision(tenant_id)
        snapshot = build_snapshot(facts, revision=revision, issued_at=reading.now)
        return Entitlements(
            at=reading.now,
            revision=revision,
            items=tuple(
                _entitlement(snapshot, feature, reading.now) for feature in facts.features.values()
            ),
        )


def _entitlement(snapshot: Snapshot, feature: Feature, at: datetime) -> Entitlement:
    decision = decide(snapshot, feature.code, at, age_seconds=0)
    return Entitlement(
        feature=feature,
        granted=decision.allowed,
        limit=decision.limit,
        valid_until=decision.valid_until,
        windows=snapshot.features[feature.code].windows,
    )
