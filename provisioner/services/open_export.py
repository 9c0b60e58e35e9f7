"""Handing a tenant its own data, whether its service runs or has been removed."""

import asyncio
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from control_plane.audit.record import record
from control_plane.kernel.ids import InstanceId, TenantId
from control_plane.runtime.unit_of_work import UnitOfWork
from provisioner.domain.instances import State
from provisioner.errors import ExportNotReady, ExportPurged, ExportsBusy, SyncFailed
from provisioner.export_slots import ExportSlot, take_slot
from provisioner.exports import verify_export
from provisioner.models import InstanceRow
from provisioner.repository import InstanceRepository
from provisioner.services.module_commands import ModuleCommands

MOST_AT_ONCE = 3
"""Exports of one tenant that are taken or being sent at once."""

RETRY_AFTER_SECONDS = 10


@dataclass(frozen=True, slots=True)
class OpenedExport:
    """A file that was restored once and checked.

    One that was taken now lies in a ``slot``: it goes when that is closed, once it has been sent.
    """

    path: Path
    name: str
    sha256: str
    slot: ExportSlot | None


@dataclass(frozen=True, slots=True)
class OpenExport:
    """Open an export: the one kept of a removed instance, or one taken now of a running one.

    How the tenant stands does not matter: what is its own stays open to it until it is purged.
    At most ``most_at_once`` of a tenant are taken or being sent, by all processes together that
    share the folder.
    """

    work: UnitOfWork
    commands: ModuleCommands
    folder: Path
    most_at_once: int = MOST_AT_ONCE

    async def __call__(
        self, *, tenant_id: TenantId, instance_id: InstanceId, actor: str
    ) -> OpenedExport:
        """Return the export.

        Raises:
            InstanceNotFound: the tenant has none of that id.
            ExportPurged: it was kept for as long as was agreed, and deleted.
            ExportNotReady: the instance neither answers nor has been exported.
            ExportsBusy: as many of the tenant's as may be are being taken or sent.
            ExportDamaged: what a running instance sent cannot be restored.
        """
        async with self.work(tenant_id) as session:
            row = await InstanceRepository(session).get(tenant_id, instance_id)
        if row.export_purged_at is not None:
            raise ExportPurged(instance=row.ref.instance_text)
        if row.export_file is not None and row.export_sha256 is not None:
            kept = self.folder / row.export_file
            if await asyncio.to_thread(kept.is_file):
                await self._record(row, actor)
                return OpenedExport(kept, _name(row), row.export_sha256, slot=None)
        if row.state != State.READY:
            raise ExportNotReady(instance=row.ref.instance_text)
        return await self._taken_now(row, actor)

    async def _taken_now(self, row: InstanceRow, actor: str) -> OpenedExport:
        slot = await self._slot(row)
        if slot is None:
            raise ExportsBusy(most=self.most_at_once, retry_after_seconds=RETRY_AFTER_SECONDS)
        with ExitStack() as unless_taken:
            unless_taken.enter_context(slot)
            path = slot.folder / f"{row.ref.instance_text}.passing"
            try:
                await self.commands.export(row.ref, row.base_url, path)
            except SyncFailed as error:
                raise ExportNotReady(instance=row.ref.instance_text) from error
            sha256 = await asyncio.to_thread(verify_export, path, row.ref, row.module)
            await self._record(row, actor)
            unless_taken.pop_all()
        return OpenedExport(path, _name(row), sha256, slot)

    async def _slot(self, row: InstanceRow) -> ExportSlot | None:
        """Take a slot beside the event loop: what a killed process left may be long to delete."""
        taking = asyncio.ensure_future(
            asyncio.to_thread(take_slot, self.folder, row.ref.tenant_text, self.most_at_once)
        )
        try:
            return await asyncio.shield(taking)
        except asyncio.CancelledError:
            taking.add_done_callback(_give_back)  # a thread goes on: nobody waits for its slot
            raise

    async def _record(self, row: InstanceRow, actor: str) -> None:
        """Put it on record, once nothing refuses it any more."""
        tenant_id = TenantId(row.tenant_id)
        async with self.work(tenant_id) as session:
            name = row.ref.instance_text
            await record(session, tenant_id, actor, "instance.export_opened", "instance", name)


def _give_back(taking: "asyncio.Future[ExportSlot | None]") -> None:
    if taking.cancelled() or taking.exception() is not None:
        return
    slot = taking.result()
    if slot is not None:
        slot.close()


def _name(row: InstanceRow) -> str:
    return f"{row.module}-{row.ref.instance_text}.zip"
