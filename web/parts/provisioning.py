"""Instances, wherever they run."""

from functools import cached_property

from control_plane.kernel.clock import SystemClock
from provisioner.compose import Provisioner, provisioner_of
from provisioner.ports import Runtime
from provisioner.runtimes.docker.runtime import DockerRuntime
from provisioner.runtimes.process.runtime import ProcessRuntime
from web.parts.selling import SellingPart


class ProvisioningPart(SellingPart):
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
