"""One harness per runtime; the suite sees no difference between them."""

import asyncio
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from control_plane.kernel.clock import SystemClock
from control_plane.kernel.ids import InstanceId, TenantId, new_id
from provisioner.domain.instances import ObservedInstance, State
from provisioner.ports import InstanceRef, InstanceSpec, Runtime
from provisioner.runtimes.memory import MemoryRuntime
from provisioner.runtimes.process import ProcessRuntime
from tests.support.docker import docker_daemon  # noqa: F401 - a fixture
from tests.support.ports import free_port

STAND_IN = Path(__file__).parents[2] / "support" / "stand_in_module.py"


@dataclass
class Harness:
    runtime: Runtime
    real: bool = True
    made: list[InstanceRef] = field(default_factory=list)

    def spec(self, *, tenant_id: TenantId | None = None, **changes) -> InstanceSpec:
        ref = InstanceRef(tenant_id or TenantId(new_id()), InstanceId(new_id()))
        fields = {
            "module": "outbound",
            "generation": 1,
            "port": free_port(),
            "control_url": "http://127.0.0.1:8000",
            "peers": {"ledger": 20001},
            "env": {"GREETING": "你好"},
        }
        spec = InstanceSpec(ref=ref, **(fields | changes))
        self.made.append(ref)
        return spec

    async def seen(self, ref: InstanceRef) -> ObservedInstance:
        return (await self.runtime.observe(ref.tenant_id)).of(ref.instance_id)

    async def reaches(self, ref: InstanceRef, state: State) -> ObservedInstance:
        async with asyncio.timeout(60):
            while (seen := await self.seen(ref)).state is not state:
                await asyncio.sleep(0.05)
        return seen

    async def facts(self, spec: InstanceSpec) -> dict:
        async with httpx.AsyncClient(trust_env=False) as client:
            return (await client.get(f"http://127.0.0.1:{spec.port}/facts")).json()

    async def clean(self) -> None:
        for ref in self.made:
            await self.runtime.remove(ref)
        await self.runtime.close()


def process_runtime(root: Path) -> ProcessRuntime:
    return ProcessRuntime(root, SystemClock(), command=(sys.executable, str(STAND_IN)))


@pytest.fixture(params=["memory", "process", pytest.param("docker", marks=pytest.mark.docker)])
async def harness(request, tmp_path) -> AsyncIterator[Harness]:
    match request.param:
        case "memory":
            made = Harness(MemoryRuntime(), real=False)
        case "process":
            made = Harness(process_runtime(tmp_path))
        case _:
            from provisioner.runtimes.docker import DockerRuntime

            docker = request.getfixturevalue("docker_daemon")
            command = ("python3", "-c", STAND_IN.read_text(encoding="utf-8"))
            made = Harness(
                DockerRuntime(
                    image=docker.image, clock=SystemClock(), url=docker.url, command=command
                )
            )
    yield made
    await made.clean()
