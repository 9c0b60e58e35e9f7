"""Look at what is in quarantine, of one tenant or counted over all."""

from dataclasses import dataclass
from datetime import UTC

from sqlalchemy import text

from control_plane.catalog.repository import CatalogRepository
from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import StaffWork, UnitOfWork
from metering.domain.quarantine import QuarantinedType, QuarantinePage, TenantQuarantine
from metering.stores.quarantine import Quarantine

_COUNTS = text(
    """
    SELECT tenant_id, type, count(*), min(received_at), max(received_at) FROM usage_quarantine
    GROUP BY tenant_id, type ORDER BY count(*) DESC, tenant_id, type LIMIT :limit
    """
)


@dataclass(frozen=True, slots=True)
class ListQuarantine:
    """List a tenant's quarantined events, the latest first, and count them by type."""

    work: UnitOfWork

    async def waiting(self, tenant_id: TenantId) -> int:
        """Return how many events are in quarantine."""
        async with self.work(tenant_id) as session:
            return await Quarantine(session, tenant_id).count()

    async def __call__(
        self,
        *,
        tenant_id: TenantId,
        event_type: str | None = None,
        after: int | None = None,
        limit: int,
    ) -> QuarantinePage:
        """Return a page of at most ``limit``; ``after`` is the mark of the page before."""
        async with self.work(tenant_id) as session:
            quarantine = Quarantine(session, tenant_id)
            meters = await CatalogRepository(session).meters()
            types = await quarantine.types(meter.event_type for meter in meters.values())
            found = await quarantine.page(event_type, after, limit + 1)
        page = found[:limit]
        return QuarantinePage(
            types=types,
            events=tuple(one.kept for one in page),
            after=page[-1].seq if len(found) > limit else None,
        )


@dataclass(frozen=True, slots=True)
class CountQuarantines:
    """Count every tenant's quarantined events by type, the most first, for the vendor's staff."""

    staff: StaffWork

    async def __call__(self, *, limit: int) -> tuple[TenantQuarantine, ...]:
        """Return at most ``limit`` tenants' types."""
        async with self.staff() as session:
            meters = await CatalogRepository(session).meters()
            known = {meter.event_type for meter in meters.values()}
            rows = (await session.execute(_COUNTS, {"limit": limit})).all()
        return tuple(
            TenantQuarantine(
                TenantId(tenant_id),
                QuarantinedType(
                    type=kind,
                    events=events,
                    first_received_at=first.astimezone(UTC),
                    last_received_at=last.astimezone(UTC),
                    known=kind in known,
                ),
            )
            for tenant_id, kind, events, first, last in rows
        )
