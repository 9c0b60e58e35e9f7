"""Reads what a tenant's snapshot is made of."""

from collections.abc import Iterable, Mapping

from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.catalog.domain import Feature
from control_plane.catalog.repository import CatalogRepository
from control_plane.entitlements.domain.build import Facts
from control_plane.entitlements.domain.grants import TenantGrant, is_carried
from control_plane.entitlements.grant_repository import GrantRepository
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
    features = await catalogs.features()
    grants = GrantRepository(session)
    given = await grants.all(tenant_id)
    carried = _carried(given.grants, features)
    return Facts(
        tenant_id=tenant_id,
        zone=organisation.zone,
        timelines=timelines,
        plan_versions=await catalogs.plan_versions(plans),
        addon_versions=await catalogs.addon_versions(addons),
        features=features,
        keys=await _keys(session, tenant_id, reading),
        services=await _services(session, tenant_id),
        test_clock_at=reading.now if reading.test else None,
        standing=(await StandingRepository(session).read(tenant_id)).standing,
        grants=given.grants,
        overrides=given.overrides,
        uses=await grants.uses(tenant_id, carried) if carried else {},
        readings=await grants.readings(tenant_id) if carried else {},
        now=reading.now,
    )


def _carried(grants: Iterable[TenantGrant], features: Mapping[str, Feature]) -> frozenset[str]:
    """Return the features that have units granted which last until they are used."""
    granted = {grant.feature for grant in grants}
    return frozenset(c for c in granted if c in features and is_carried(features[c]))


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
