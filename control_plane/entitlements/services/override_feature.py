"""Use case: have the last word on a tenant's feature, with a reason."""

from dataclasses import dataclass
from datetime import datetime

from control_plane.audit.record import record
from control_plane.catalog.domain import Grant
from control_plane.catalog.feature_codec import grant_body
from control_plane.entitlements.domain.grants import Override
from control_plane.entitlements.grant_repository import GrantRepository
from control_plane.entitlements.services.grant_feature import (
    check_window,
    feature_of,
    require_value,
    tidy,
)
from control_plane.kernel.ids import TenantId, format_id, new_id
from control_plane.runtime.outbox import enqueue
from control_plane.runtime.topics import ENTITLEMENTS_CHANGED
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.clocks import TenantClock


@dataclass(frozen=True, slots=True)
class OverrideFeature:
    """Set a feature's value, or take it away with False, whatever was bought or granted."""

    work: UnitOfWork
    tenant_clock: TenantClock

    async def __call__(
        self,
        *,
        tenant_id: TenantId,
        feature: str,
        value: Grant,
        reason: str,
        actor: str,
        starts_at: datetime | None = None,
        ends_at: datetime | None = None,
    ) -> Override:
        """Return the override; it is in the tenant's next snapshot.

        Raises:
            FeatureNotFound: the catalogue has no such feature.
            GrantInvalid: the value does not fit the feature, no reason is given, or it would begin
                in the past.
        """
        async with self.work(tenant_id) as session:
            now = await self.tenant_clock.now(session, tenant_id)
            known = await feature_of(session, feature)
            if value is not False:
                require_value(value, known)
            check_window(starts_at, ends_at, now)
            override = Override(
                id=new_id(),
                feature=feature,
                value=value,
                starts_at=starts_at or now,
                created_at=now,
                reason=tidy(reason),
                created_by=actor,
                ends_at=ends_at,
            )
            await GrantRepository(session).add(tenant_id, override)
            details = {"feature": feature, "value": grant_body(value), "reason": override.reason}
            shown, done = format_id("ovr", override.id), "feature.overridden"
            await record(session, tenant_id, actor, done, "override", shown, details)
            await enqueue(session, tenant_id, ENTITLEMENTS_CHANGED, {})
        return override
