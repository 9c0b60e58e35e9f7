"""Reads what a tenant's snapshot is made of."""

from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.catalog.repository import CatalogRepository
from control_plane.entitlements.domain.build import Facts
from control_plane.identity.keys import active_key_grants, service_grants
from control_plane.kernel.ids import TenantId, format_id
from control_plane.sdk.snapshot import KeyGrant, ServiceGrant
from control_plane.standing.repository import StandingRepository
from control_plane.subscriptions.repository import SubscriptionRepository
from control_plane.tenancy.clocks import ClockReading
from control_plane.tenancy.repository import OrganisationRepository


async def gather_facts(session: AsyncSession, tenant_id: TenantId, reading: ClockReading) -> Facts:
    """Return the facts as this transaction sees them; ``reading`` is the tenant's present.

    Raises:
        OrganisationNotFound: the tenant does not exist, or the session is another's.
    """
    organisation = await OrganisationRepository(session).get(tenant_id)
    timelines = await SubscriptionRepository(session).timelines(tenant_id)
    catalogs = CatalogRepository(session)
    plans = (segment.plan_version_id for t in timelines for segment in t.segments)
    addons = (booking.addon_version_id for t in timelines for booking in t.addon_bookings())
    return Facts(
        tenant_id=tenant_id,
        zone=organisation.zone,
        timelines=timelines,
        plan_versions=await catalogs.plan_versions(plans),
        addon_versions=await catalogs.addon_versions(addons),
        features=(await catalogs.current()).features,
        keys=await _keys(session, tenant_id, reading),
        services=await _services(session, tenant_id),
        test_clock_at=reading.now if reading.test else None,
        standing=(await StandingRepository(session).read(tenant_id)).standing,
    )


async def _keys(
    session: AsyncSession, tenant_id: TenantId, reading: ClockReading
) -> tuple[KeyGrant, ...]:
    return tuple(
        KeyGrant(format_id("key", key.id), key.hash, frozenset(key.scopes), key.expires_at)
        for key in await active_key_grants(session, tenant_id, reading.now)
    )


async def _services(session: AsyncSession, tenant_id: TenantId) -> tuple[ServiceGrant, ...]:
    return tuple(
        ServiceGrant(
            format_id("ins", token.instance_id), token.module, token.hash, frozenset(token.scopes)
        )
        for token in await service_grants(session, tenant_id)
    )
