"""The part of provisioning in advancing a tenant's test clock."""

from dataclasses import dataclass
from datetime import datetime

from control_plane.kernel.ids import TenantId
from provisioner.services.reconcile import Reconcile
from provisioner.services.sync_instances import SyncInstances


@dataclass(frozen=True, slots=True)
class ProvisionerParticipant:
    """Lets a clock go on only when its services run as bought and hold nothing back.

    It belongs after entitlements, whose newest snapshot the services must have, and before
    billing, which must find all usage.
    """

    reconcile: Reconcile
    sync: SyncInstances

    async def next_boundary(self, tenant_id: TenantId, after: datetime) -> datetime | None:
        """Name none: services follow the windows that entitlements know."""
        del tenant_id, after
        return None

    async def settle(self, tenant_id: TenantId) -> bool:
        """Reconcile, then synchronise; busy while anything moved or is not settled.

        Raises:
            TallyardError: why an instance cannot get to where it should be.
        """
        outcome = await self.reconcile(tenant_id)
        for error in outcome.failures.values():
            raise error
        if outcome.busy or outcome.moved or not outcome.converged:
            return True
        return not await self.sync(tenant_id)
