"""The port behind which instances run, as processes, containers or in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from control_plane.kernel.ids import InstanceId, TenantId, format_id
from provisioner.domain.instances import Observation


@dataclass(frozen=True, slots=True)
class InstanceRef:
    """Names one instance to a runtime."""

    tenant_id: TenantId
    instance_id: InstanceId

    @property
    def tenant_text(self) -> str:
        """The tenant in text form, ``ten_…``."""
        return format_id("ten", self.tenant_id)

    @property
    def instance_text(self) -> str:
        """The instance in text form, ``ins_…``."""
        return format_id("ins", self.instance_id)


@dataclass(frozen=True, slots=True)
class InstanceSpec:
    """All that a runtime needs to make an instance.

    ``port`` is the one on 127.0.0.1 of this machine where the instance answers. ``peers`` are the
    ports of the tenant's other instances by module. ``control_url`` is the control plane as seen
    from this machine; the runtime rewrites it where the instance sees it differently. ``memory``
    is in bytes, ``cpu`` in cores.
    """

    ref: InstanceRef
    module: str
    generation: int
    port: int
    control_url: str
    peers: Mapping[str, int] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    memory: int = 268_435_456
    cpu: float = 1.0

    def common_env(self) -> dict[str, str]:
        """Return the variables that are the same in every runtime."""
        return {
            **self.env,
            "TALLYARD_MODULE": self.module,
            "TALLYARD_TENANT_ID": self.ref.tenant_text,
            "TALLYARD_INSTANCE_ID": self.ref.instance_text,
        }


class Runtime(Protocol):
    """Runs instances. Every method may be repeated: the second call finds the work done.

    All methods raise `provisioner.errors.RuntimeUnavailable` when the runtime does not answer.
    """

    @property
    def name(self) -> str:
        """The runtime as named in settings and records."""

    @property
    def isolates(self) -> bool:
        """Whether one tenant's instance can be kept from another tenant's."""

    async def observe(self, tenant_id: TenantId) -> Observation:
        """Return everything of the tenant that exists here, probing what runs over HTTP."""

    async def create(self, spec: InstanceSpec) -> None:
        """Make the instance without starting it. An existing one of this generation stays.

        Raises:
            StartFailed: an instance of another generation is in the way.
            ImageMissing: there is no image to make it of.
        """

    async def start(self, ref: InstanceRef) -> None:
        """Start a created or stopped instance; a running one stays as it is.

        Raises:
            PortTaken: another program listens on its port.
            StartFailed: it could not be started for another reason.
        """

    async def stop(self, ref: InstanceRef) -> None:
        """Stop the instance, politely first. An absent one counts as stopped."""

    async def discard(self, ref: InstanceRef) -> None:
        """Drop process or container and its settings; keep its data."""

    async def remove(self, ref: InstanceRef) -> None:
        """Drop the instance with its data, for good."""

    async def logs(self, ref: InstanceRef, *, lines: int = 200) -> str:
        """Return the last lines that the instance wrote; empty when there are none."""

    async def close(self) -> None:
        """Let go of connections. Instances go on running."""
