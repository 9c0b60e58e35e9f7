"""Looking after instances again and again, since things break without telling anybody."""

import asyncio
import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog
from sqlalchemy import text

from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import TenantId, format_id
from control_plane.runtime.unit_of_work import SystemWork
from provisioner.export_slots import sweep_slots
from provisioner.services.reconcile import Reconcile

_AT_ONCE = 4
_RESTORED_BY = 86_400.0
_UNSETTLED = text(
    "SELECT DISTINCT tenant_id FROM instances WHERE removed_at IS NULL "
    "AND (desired = 'removed' OR state <> 'ready') ORDER BY tenant_id"
)
_ALL = text(
    "SELECT id FROM organisations WHERE state = 'active' "
    "UNION SELECT tenant_id FROM instances WHERE removed_at IS NULL ORDER BY 1"
)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ReconcileUnsettled:
    """Goes on with tenants of whom something is known to be on its way."""

    system: SystemWork
    reconcile: Reconcile
    name: str = "reconcile-unsettled"
    every_seconds: float = 2.0

    async def run(self) -> int:
        """Reconcile them and return how many things were changed."""
        async with self.system() as session:
            tenants = [TenantId(row) for row in await session.scalars(_UNSETTLED)]
        return await _reconcile_each(self.reconcile, tenants)


@dataclass(frozen=True, slots=True)
class ReconcileAll:
    """Looks at every tenant: what drifted, died, or became due by the passing of time."""

    system: SystemWork
    reconcile: Reconcile
    name: str = "reconcile-all"
    every_seconds: float = 20.0

    async def run(self) -> int:
        """Reconcile them and return how many things were changed."""
        async with self.system() as session:
            tenants = [TenantId(row) for row in await session.scalars(_ALL)]
        return await _reconcile_each(self.reconcile, tenants)


@dataclass(frozen=True, slots=True)
class SweepExports:
    """Removes what processes left behind that were killed while they took an export."""

    folder: Path
    clock: Clock
    name: str = "sweep-exports"
    every_seconds: float = 600.0

    async def run(self) -> int:
        """Return how many places were swept; what is being taken is left alone."""
        return await asyncio.to_thread(self._sweep)

    def _sweep(self) -> int:
        swept = sweep_slots(self.folder)
        for left in self.folder.glob("*/restore-*/"):  # nothing takes so long to restore
            with suppress(FileNotFoundError):
                if self.clock.now().timestamp() - left.stat().st_mtime > _RESTORED_BY:
                    shutil.rmtree(left)
                    swept += 1
        return swept


async def _reconcile_each(reconcile: Reconcile, tenants: Iterable[TenantId]) -> int:
    """Reconcile a few at a time; one tenant's failure stops nobody else."""
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(tenant_id: TenantId) -> int:
        async with gate:
            try:
                return (await reconcile(tenant_id)).moved
            except Exception:
                log.exception("reconcile_failed", tenant_id=format_id("ten", tenant_id))
                return 0

    return sum(await asyncio.gather(*(one(tenant_id) for tenant_id in tenants)))
