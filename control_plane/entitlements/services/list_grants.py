"""Use case: show what a tenant was given besides what it bought, and what is left of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from control_plane.catalog.domain import Feature
from control_plane.entitlements.domain.build import burnings
from control_plane.entitlements.domain.burning import Balance, Ledger
from control_plane.entitlements.domain.grants import Override, TenantGrant
from control_plane.entitlements.errors_grants import FeatureNotFound
from control_plane.entitlements.gather import gather_facts
from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.clocks import TenantClock


@dataclass(frozen=True, slots=True)
class GivenFeatures:
    """All grants and overrides at ``at``, the newest first, with balances of units by grant."""

    at: datetime
    grants: tuple[TenantGrant, ...]
    overrides: tuple[Override, ...]
    balances: Mapping[UUID, Balance]
    features: Mapping[str, Feature]

    def feature(self, code: str) -> Feature:
        """Return a feature of the catalogue, or raise FeatureNotFound."""
        if code not in self.features:
            raise FeatureNotFound(feature=code[:60], field="feature")
        return self.features[code]


@dataclass(frozen=True, slots=True)
class ListGrants:
    """Show grants and overrides, those that ended too."""

    work: UnitOfWork
    tenant_clock: TenantClock

    async def __call__(self, tenant_id: TenantId) -> GivenFeatures:
        """Return them by the tenant's own clock."""
        async with self.work(tenant_id) as session:
            reading = await self.tenant_clock.read(session, tenant_id)
            facts = await gather_facts(session, tenant_id, reading)
        balances: dict[UUID, Balance] = {}
        for burning in burnings(facts).values():
            balances |= Ledger(burning).at_now()
        return GivenFeatures(
            at=reading.now,
            grants=facts.grants[::-1],
            overrides=facts.overrides[::-1],
            balances=balances,
            features=facts.features,
        )
