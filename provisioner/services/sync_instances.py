"""Bringing every instance of a tenant up to date, and its usage in."""

import asyncio
from dataclasses import dataclass

from control_plane.entitlements.repository import SnapshotRepository
from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import UnitOfWork
from provisioner.domain.instances import State
from provisioner.models import InstanceRow
from provisioner.repository import InstanceRepository
from provisioner.services.module_commands import ModuleCommands

MAX_ROUNDS = 20


@dataclass(frozen=True, slots=True)
class SyncInstances:
    """Let all ready instances take the newest snapshot and send what they hold back."""

    work: UnitOfWork
    commands: ModuleCommands

    async def __call__(self, tenant_id: TenantId) -> bool:
        """Tell whether, in one last round, every instance was settled at the newest revision.

        Instances feed each other, so one round without anything left in any of them is what
        counts.

        Raises:
            SyncFailed: an instance did not answer as it should.
        """
        for _ in range(MAX_ROUNDS):
            async with self.work(tenant_id) as session:
                newest = await SnapshotRepository(session).revision(tenant_id)
                rows = await InstanceRepository(session).active(tenant_id)
            ready = [row for row in rows if row.state == State.READY]
            settled = await asyncio.gather(*(self._is_settled(row, newest) for row in ready))
            if all(settled):
                return True
        return False

    async def _is_settled(self, row: InstanceRow, newest: int) -> bool:
        answer = await self.commands.sync(row.ref, row.base_url)
        return answer.settled and answer.revision >= newest
