"""Deleting what was kept of a tenant that did not pay, at the very end."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.audit.record import record
from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.sdk.snapshot import Standing
from control_plane.standing.repository import StandingRepository
from provisioner.models import InstanceRow
from provisioner.repository import InstanceRepository


@dataclass(frozen=True, slots=True)
class PurgeExports:
    """Delete the exports of a purged tenant's removed instances; anybody else's stay.

    May be killed at any point and run again: a file is noted as purged only once it is gone.
    """

    work: UnitOfWork
    clock: Clock
    folder: Path

    async def __call__(self, tenant_id: TenantId) -> int:
        """Return how many instances' exports were deleted."""
        async with self.work(tenant_id) as session:
            kept = await InstanceRepository(session).keeping_exports(tenant_id)
            if not kept or not await _is_purged(session, tenant_id):
                return 0
        for row in kept:
            await asyncio.to_thread(self._delete, row)
            async with self.work(tenant_id) as session:
                await InstanceRepository(session).purged(row, at=self.clock.now())
                await record(
                    session,
                    tenant_id,
                    "provisioner",
                    "instance.export_purged",
                    "instance",
                    row.ref.instance_text,
                    {"module": row.module, "file": row.export_file},
                )
        return len(kept)

    def _delete(self, row: InstanceRow) -> None:
        """Delete every export that was ever taken of the instance."""
        home = self.folder / row.ref.tenant_text
        for file in home.glob(f"{row.ref.instance_text}*"):
            file.unlink(missing_ok=True)


async def _is_purged(session: AsyncSession, tenant_id: TenantId) -> bool:
    return (await StandingRepository(session).read(tenant_id)).standing is Standing.PURGED
