"""Doing one planned step."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sqlalchemy import text

from control_plane.audit.record import record
from control_plane.entitlements.signer import Signer
from control_plane.identity.services.issue_service_token import IssueServiceToken
from control_plane.identity.services.revoke_service_tokens import RevokeServiceTokens
from control_plane.kernel.clock import Clock
from control_plane.runtime.unit_of_work import UnitOfWork
from provisioner.domain.access import service_scopes
from provisioner.domain.instances import LEDGER
from provisioner.domain.plan import Action
from provisioner.errors import DataLost, LiveTenantNeedsIsolation, PortTaken
from provisioner.models import InstanceRow
from provisioner.ports import InstanceSpec, Runtime
from provisioner.repository import InstanceRepository
from provisioner.services.export_instance import ExportInstance


@dataclass(frozen=True, slots=True)
class TakeStep:
    """Carry out one action on one instance. Every action may be repeated.

    ``control_url`` is where instances reach the control plane, as seen from this machine.
    """

    work: UnitOfWork
    clock: Clock
    runtime: Runtime
    signer: Signer
    issue_token: IssueServiceToken
    revoke_tokens: RevokeServiceTokens
    export: ExportInstance
    control_url: str
    allow_live: bool = False

    async def __call__(self, action: Action, row: InstanceRow) -> None:
        """Do it, or raise the `TallyardError` that says why not."""
        doing: dict[Action, Callable[[InstanceRow], Awaitable[object]]] = {
            Action.CREATE: self._create,
            Action.START: self._start,
            Action.EXPORT: self.export,
            Action.FORGET: self._forget,
            Action.REPORT_LOST: self._report_lost,
        }
        match action:
            case Action.STOP:
                await self.runtime.stop(row.ref)
            case Action.DISCARD:
                await self.runtime.discard(row.ref)
            case Action.REMOVE:
                await self.runtime.remove(row.ref)
            case Action.AWAIT_READY | Action.REPORT_STRAY:
                pass  # the reconciler looks by itself
            case _:
                await doing[action](row)

    async def _create(self, row: InstanceRow) -> None:
        """Make the instance with a token of its own; tokens of earlier makings end.

        Raises:
            LiveTenantNeedsIsolation: the runtime is no place for a live tenant.
        """
        tenant_id, instance_id = row.ref.tenant_id, row.ref.instance_id
        async with self.work(tenant_id) as session:
            await self._check_isolation(row)
            rows = await InstanceRepository(session).active(tenant_id)
            peers = {each.module: each.port for each in rows if each.module == LEDGER}
            await self.revoke_tokens(tenant_id=tenant_id, instance_id=instance_id)
            token = await self.issue_token(
                tenant_id=tenant_id,
                instance_id=instance_id,
                module=row.module,
                scopes=service_scopes(row.module),
            )
        await self.runtime.create(
            InstanceSpec(
                ref=row.ref,
                module=row.module,
                generation=row.generation,
                port=row.port,
                control_url=self.control_url,
                peers={} if row.module == LEDGER else peers,
                env={
                    "TALLYARD_SERVICE_TOKEN": token,
                    "TALLYARD_PUBLIC_KEYS": self.signer.public_keys_text(),
                },
            )
        )

    async def _start(self, row: InstanceRow) -> None:
        """Start the instance; one whose port is taken is recorded under another.

        Raises:
            PortTaken: it was moved, and has to be made anew.
            StartFailed: it could not be started for another reason.
        """
        try:
            await self.runtime.start(row.ref)
        except PortTaken:
            async with self.work(row.ref.tenant_id) as session:
                await InstanceRepository(session).move(row)
            raise

    async def _forget(self, row: InstanceRow) -> None:
        tenant_id, instance_id = row.ref.tenant_id, row.ref.instance_id
        async with self.work(tenant_id) as session:
            await self.revoke_tokens(tenant_id=tenant_id, instance_id=instance_id)
            await InstanceRepository(session).close(row, at=self.clock.now())
            await record(
                session,
                tenant_id,
                "provisioner",
                "instance.removed",
                "instance",
                row.ref.instance_text,
                {"module": row.module},
            )

    async def _report_lost(self, row: InstanceRow) -> None:
        raise DataLost(instance=row.ref.instance_text)

    async def _check_isolation(self, row: InstanceRow) -> None:
        if self.runtime.isolates or self.allow_live:
            return
        async with self.work(row.ref.tenant_id) as session:
            sandbox = await session.scalar(
                text("SELECT sandbox FROM organisations WHERE id = :id"), {"id": row.tenant_id}
            )
        if not sandbox:
            raise LiveTenantNeedsIsolation(runtime=self.runtime.name)
