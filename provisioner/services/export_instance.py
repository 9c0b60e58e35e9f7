"""Exporting an instance before it is removed."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from control_plane.audit.record import record
from control_plane.kernel.clock import Clock
from control_plane.runtime.unit_of_work import UnitOfWork
from provisioner.errors import ExportFailed
from provisioner.exports import keep_export, verify_export
from provisioner.models import InstanceRow
from provisioner.repository import InstanceRepository
from provisioner.services.module_commands import ModuleCommands


@dataclass(frozen=True, slots=True)
class ExportInstance:
    """Take an instance's data out of it, restore them once, and record the export.

    The instance is drained first: no document is taken after it, and all usage has been sent.
    The file stays under ``folder``, in a sub-folder per tenant.
    """

    work: UnitOfWork
    clock: Clock
    commands: ModuleCommands
    folder: Path

    async def __call__(self, row: InstanceRow) -> Path:
        """Return the export's file.

        Raises:
            SyncFailed: the instance did not answer as it should.
            ExportFailed: it still has usage or documents to send.
            ExportDamaged: what it sent cannot be restored.
        """
        ref = row.ref
        if not (await self.commands.drain(ref, row.base_url)).settled:
            raise ExportFailed(instance=ref.instance_text, reason="it is not settled yet")
        home = self.folder / ref.tenant_text
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = home / f"{ref.instance_text}.part"
        final = home / f"{ref.instance_text}-{row.generation}.zip"
        await self.commands.export(ref, row.base_url, draft)
        sha256 = await asyncio.to_thread(verify_export, draft, ref, row.module)
        await asyncio.to_thread(keep_export, draft, final)
        name = str(final.relative_to(self.folder))
        async with self.work(ref.tenant_id) as session:
            repository = InstanceRepository(session)
            await repository.exported(row, file=name, sha256=sha256, at=self.clock.now())
            details = {"module": row.module, "file": name, "sha256": sha256}
            await record(
                session,
                ref.tenant_id,
                "provisioner",
                "instance.exported",
                "instance",
                ref.instance_text,
                details,
            )
        return final
