"""Keeping the records in line with what the tenant has bought."""

from dataclasses import dataclass

from control_plane.audit.record import record
from control_plane.entitlements.modules import entitled_modules
from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import TenantId, format_id
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.tenancy.clocks import TenantClock
from provisioner.domain.wanted import record_changes
from provisioner.repository import InstanceRepository


@dataclass(frozen=True, slots=True)
class UpdateRecords:
    """Write down which instances should run, by the tenant's own time."""

    work: UnitOfWork
    clock: Clock
    tenant_clock: TenantClock
    runtime_name: str

    async def __call__(self, tenant_id: TenantId) -> int:
        """Return how many records changed; none means that nothing was written."""
        async with self.work(tenant_id) as session:
            at = await self.tenant_clock.now(session, tenant_id)
            entitled = await entitled_modules(session, tenant_id, at)
            repository = InstanceRepository(session)
            rows = await repository.active(tenant_id)
            changes = record_changes(entitled, (row.as_record() for row in rows))
            log: list[tuple[str, str]] = []
            for module in changes.add:
                added = await repository.add(
                    tenant_id, module, runtime=self.runtime_name, at=self.clock.now()
                )
                log.append(("instance.added", format_id("ins", added)))
            for instance_id in changes.retire:
                await repository.retire(tenant_id, instance_id)
                log.append(("instance.retired", format_id("ins", instance_id)))
            for instance_id in changes.revive:
                await repository.revive(tenant_id, instance_id)
                log.append(("instance.revived", format_id("ins", instance_id)))
            for action, instance in log:
                await record(session, tenant_id, "provisioner", action, "instance", instance)
            return len(log)
