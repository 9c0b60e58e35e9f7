"""Handing a tenant its own data, whether its service runs or has been removed."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from control_plane.audit.record import record
from control_plane.kernel.ids import InstanceId, TenantId, new_id
from control_plane.runtime.unit_of_work import UnitOfWork
from provisioner.domain.instances import State
from provisioner.errors import ExportNotReady, ExportPurged, SyncFailed
from provisioner.exports import verify_export
from provisioner.models import InstanceRow
from provisioner.repository import InstanceRepository
from provisioner.services.module_commands import ModuleCommands


@dataclass(frozen=True, slots=True)
class OpenedExport:
    """A file that was restored once and checked; ``passing`` ones go when they have been sent."""

    path: Path
    name: str
    sha256: str
    passing: bool


@dataclass(frozen=True, slots=True)
class OpenExport:
    """Open an export: the one kept of a removed instance, or one taken now of a running one.

    How the tenant stands does not matter: what is its own stays open to it until it is purged.
    """

    work: UnitOfWork
    commands: ModuleCommands
    folder: Path

    async def __call__(
        self, *, tenant_id: TenantId, instance_id: InstanceId, actor: str
    ) -> OpenedExport:
        """Return the export.

        Raises:
            InstanceNotFound: the tenant has none of that id.
            ExportPurged: it was kept for as long as was agreed, and deleted.
            ExportNotReady: the instance neither answers nor has been exported.
            ExportDamaged: what a running instance sent cannot be restored.
        """
        async with self.work(tenant_id) as session:
            row = await InstanceRepository(session).get(tenant_id, instance_id)
            name = row.ref.instance_text
            await record(session, tenant_id, actor, "instance.export_opened", "instance", name)
        if row.export_purged_at is not None:
            raise ExportPurged(instance=row.ref.instance_text)
        if row.export_file is not None and row.export_sha256 is not None:
            kept = self.folder / row.export_file
            if await asyncio.to_thread(kept.is_file):
                return OpenedExport(kept, _name(row), row.export_sha256, passing=False)
        if row.state != State.READY:
            raise ExportNotReady(instance=row.ref.instance_text)
        return await self._taken_now(row)

    async def _taken_now(self, row: InstanceRow) -> OpenedExport:
        home = self.folder / row.ref.tenant_text
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = home / f"{row.ref.instance_text}-{new_id()}.passing"
        try:
            await self.commands.export(row.ref, row.base_url, path)
            sha256 = await asyncio.to_thread(verify_export, path, row.ref, row.module)
        except SyncFailed as error:
            path.unlink(missing_ok=True)
            raise ExportNotReady(instance=row.ref.instance_text) from error
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return OpenedExport(path, _name(row), sha256, passing=True)


def _name(row: InstanceRow) -> str:
    return f"{row.module}-{row.ref.instance_text}.zip"
