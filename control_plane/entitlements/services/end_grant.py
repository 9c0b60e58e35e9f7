"""Use case: end a grant or an override before its time."""

from dataclasses import dataclass
from uuid import UUID

from control_plane.audit.record import record
from control_plane.entitlements.domain.grants import Override, TenantGrant
from control_plane.entitlements.errors_grants import GrantNotFound
from control_plane.entitlements.grant_repository import GrantRepository
from control_plane.entitlements.services.grant_feature import tidy
from control_plane.kernel.ids import TenantId, format_id
from control_plane.runtime.outbox import enqueue
from control_plane.runtime.topics import ENTITLEMENTS_CHANGED
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.clocks import TenantClock


@dataclass(frozen=True, slots=True)
class EndGrant:
    """Let a grant or an override hold no longer; what was used of units stays used."""

    work: UnitOfWork
    tenant_clock: TenantClock

    async def __call__(self, *, tenant_id: TenantId, of: UUID, reason: str, actor: str) -> None:
        """End it now, by the tenant's own clock.

        Raises:
            GrantNotFound: there is none that goes on.
            GrantInvalid: no reason is given.
        """
        why = tidy(reason)
        async with self.work(tenant_id) as session:
            now = await self.tenant_clock.now(session, tenant_id)
            grants = GrantRepository(session)
            given = await grants.all(tenant_id)
            every: list[TenantGrant | Override] = [*given.grants, *given.overrides]
            one = next((g for g in every if g.id == of), None)
            over = one is None or (one.until is not None and one.until <= now)
            if one is None or over or not await grants.end(tenant_id, of, now, why, actor):
                raise GrantNotFound(id=of)
            kind = one.source.partition(":")[0]
            shown = format_id("gra" if kind == "grant" else "ovr", of)
            details = {"feature": one.feature, "reason": why}
            await record(session, tenant_id, actor, f"{kind}.ended", kind, shown, details)
            await enqueue(session, tenant_id, ENTITLEMENTS_CHANGED, {})
