"""Putting the parts of provisioning together, for the composition root and for tests."""

from dataclasses import dataclass

from control_plane.entitlements.signer import Signer
from control_plane.identity.services.issue_service_token import IssueServiceToken
from control_plane.identity.services.revoke_service_tokens import RevokeServiceTokens
from control_plane.kernel.clock import Clock
from control_plane.runtime.settings import Settings
from control_plane.runtime.unit_of_work import StaffWork, SystemWork, UnitOfWork
from control_plane.tenancy.clocks import TenantClock
from provisioner.jobs import ReconcileAll, ReconcileUnsettled, SweepExports
from provisioner.participant import ProvisionerParticipant
from provisioner.ports import Runtime
from provisioner.services.export_instance import ExportInstance
from provisioner.services.list_instances import (
    GetInstance,
    InstanceLogs,
    ListAllInstances,
    ListInstances,
)
from provisioner.services.module_commands import ModuleCommands
from provisioner.services.open_export import OpenExport
from provisioner.services.purge_exports import PurgeExports
from provisioner.services.reconcile import Reconcile
from provisioner.services.sync_instances import SyncInstances
from provisioner.services.take_step import TakeStep
from provisioner.services.tenant_lock import TenantLock
from provisioner.services.update_records import UpdateRecords


@dataclass(frozen=True, slots=True)
class Provisioner:
    """The use cases, jobs and test-clock part of provisioning."""

    runtime: Runtime
    commands: ModuleCommands
    reconcile: Reconcile
    sync: SyncInstances
    participant: ProvisionerParticipant
    jobs: tuple[ReconcileUnsettled, ReconcileAll, SweepExports]
    list_instances: ListInstances
    get_instance: GetInstance
    instance_logs: InstanceLogs
    open_export: OpenExport
    list_all_instances: ListAllInstances

    async def close(self) -> None:
        """Close connections; instances go on running."""
        await self.commands.close()
        await self.runtime.close()


def provisioner_of(
    settings: Settings,
    *,
    runtime: Runtime,
    work: UnitOfWork,
    system: SystemWork,
    staff: StaffWork,
    clock: Clock,
    tenant_clock: TenantClock,
    signer: Signer,
    commands: ModuleCommands | None = None,
) -> Provisioner:
    """Build everything for one runtime. ``clock`` is real time: it stamps signed commands."""
    commands = commands or ModuleCommands(signer, clock)
    exports = settings.var_dir / "exports"
    take_step = TakeStep(
        work=work,
        clock=clock,
        runtime=runtime,
        signer=signer,
        issue_token=IssueServiceToken(work, clock),
        revoke_tokens=RevokeServiceTokens(work, clock),
        export=ExportInstance(work, clock, commands, exports),
        control_url=settings.service_url,
        allow_live=settings.allow_process_for_live,
    )
    update_records = UpdateRecords(work, clock, tenant_clock, runtime.name)
    reconcile = Reconcile(
        work,
        clock,
        runtime,
        update_records,
        take_step,
        TenantLock(system),
        PurgeExports(work, clock, exports),
    )
    sync = SyncInstances(work, commands)
    return Provisioner(
        runtime=runtime,
        commands=commands,
        reconcile=reconcile,
        sync=sync,
        participant=ProvisionerParticipant(reconcile, sync),
        jobs=(*_reconciling(system, reconcile), SweepExports(exports, clock)),
        list_instances=ListInstances(work),
        get_instance=GetInstance(work),
        instance_logs=InstanceLogs(work, runtime),
        open_export=OpenExport(work, commands, exports),
        list_all_instances=ListAllInstances(staff),
    )


def _reconciling(
    system: SystemWork, reconcile: Reconcile
) -> tuple[ReconcileUnsettled, ReconcileAll]:
    return ReconcileUnsettled(system, reconcile), ReconcileAll(system, reconcile)
