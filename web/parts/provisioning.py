"""Instances, wherever they run."""

from functools import cached_property

from control_plane.kernel.clock import SystemClock
from provisioner.compose import Provisioner, provisioner_of
from provisioner.ports import InstanceRef, Runtime
from provisioner.runtimes.docker.runtime import DockerRuntime
from provisioner.runtimes.process.runtime import ProcessRuntime
from web.parts.checking import CheckingPart


class ProvisioningPart(CheckingPart):
    """Use cases of the provisioner over the runtime that the settings name."""

    @cached_property
    def runtime(self) -> Runtime:
        settings = self.settings
        if settings.runtime == "docker":
            return DockerRuntime(settings.module_image, self.clock)
        return ProcessRuntime(
            settings.var_dir / "instances",
            self.clock,
            exit_with_pid=settings.runtime_exit_with_pid,
        )

    @cached_property
    def provisioner(self) -> Provisioner:
        return provisioner_of(
            self.settings,
            runtime=self.runtime,
            work=self.work,
            system=self.system,
            staff=self.staff,
            clock=SystemClock(),
            tenant_clock=self.tenant_clock,
            signer=self.signer,
        )

    async def stop_every_instance(self) -> int:
        """Stop what runs for any tenant, and return how many instances that were.

        Containers go with their volumes; a process's data stays in its folder.
        """
        living = [v for v in await self.provisioner.list_all_instances() if v.removed_at is None]
        for view in living:
            ref = InstanceRef(view.tenant_id, view.instance_id)
            await self.runtime.stop(ref)
            if self.settings.runtime == "docker":
                await self.runtime.remove(ref)
        return len(living)
