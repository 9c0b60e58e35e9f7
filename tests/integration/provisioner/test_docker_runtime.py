"""Containers that are kept apart and kept small."""

import asyncio
import json
import subprocess
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import aiodocker
import httpx
import pytest

from control_plane.kernel.clock import SystemClock
from control_plane.kernel.ids import InstanceId, TenantId, new_id
from provisioner.domain.instances import State
from provisioner.errors import ImageMissing, RuntimeUnavailable, StartFailed
from provisioner.ports import InstanceRef, InstanceSpec
from provisioner.runtimes.docker import DockerRuntime, layout
from tests.support.ports import free_port

pytestmark = pytest.mark.docker
STAND_IN = Path(__file__).parents[2] / "support" / "stand_in_module.py"


def spec_of(tenant_id: TenantId, module: str) -> InstanceSpec:
    ref = InstanceRef(tenant_id, InstanceId(new_id()))
    return InstanceSpec(ref, module, 1, free_port(), "http://127.0.0.1:8000", {"ledger": 1})


@pytest.fixture
async def runtime(docker_daemon):
    made = DockerRuntime(
        image=docker_daemon.image,
        clock=SystemClock(),
        url=docker_daemon.url,
        command=("python3", "-c", STAND_IN.read_text()),
    )
    started: list[InstanceSpec] = []

    async def run(spec: InstanceSpec) -> InstanceSpec:
        started.append(spec)
        await made.create(spec)
        await made.start(spec.ref)
        async with asyncio.timeout(60):
            while (await made.observe(spec.ref.tenant_id)).of(
                spec.ref.instance_id
            ).state is not State.READY:
                await asyncio.sleep(0.1)
        return spec

    made_run = made, run
    yield made_run
    for spec in started:
        await made.remove(spec.ref)
    await made.close()


def inside(docker_daemon, ref: InstanceRef, code: str) -> str:
    """Run Python in the instance's container."""
    done = subprocess.run(
        ["docker", "exec", layout.container_name(ref), "python3", "-c", code],
        env={"DOCKER_HOST": docker_daemon.url, "PATH": "/usr/local/bin:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return (done.stdout + done.stderr).strip()


FETCH = """
import urllib.request
try:
    print(urllib.request.urlopen({url!r}, timeout=3).status)
except OSError as error:
    print("refused", error)
"""


async def test_tenants_cannot_reach_each_other_and_peers_can(runtime, docker_daemon):
    _, run = runtime
    mine, theirs = TenantId(new_id()), TenantId(new_id())
    ledger, outbound = await run(spec_of(mine, "ledger")), await run(spec_of(mine, "outbound"))
    foreign = await run(spec_of(theirs, "inbound"))
    async with aiodocker.Docker(docker_daemon.url) as docker:
        facts = await (await docker.containers.get(layout.container_name(foreign.ref))).show()
    networks = facts["NetworkSettings"]["Networks"]
    address = networks[layout.network_name(theirs)]["IPAddress"]

    def fetch(url: str) -> str:
        return inside(docker_daemon, outbound.ref, FETCH.format(url=url))

    assert fetch("http://ledger:8080/health/ready") == "200"
    assert fetch("http://inbound:8080/health/ready").startswith("refused")
    assert fetch(f"http://{address}:8080/health/ready").startswith("refused")
    assert fetch(f"http://{layout.HOST_NAME}:{foreign.port}/health/ready").startswith("refused")
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"http://127.0.0.1:{ledger.port}/facts")
    assert answer.json()["uid"] == 10001


async def test_behind_the_firewall_rules_this_host_is_shut_but_for_the_service_port(
    runtime, docker_daemon
):
    _, run = runtime
    spec = await run(spec_of(TenantId(new_id()), "ledger"))
    rules = subprocess.run(
        ["iptables", "-n", "-L", "TALLYARD-HOST"], check=False, capture_output=True
    )
    hardened = rules.returncode == 0

    def reaches(port: int) -> bool:
        url = f"http://{layout.HOST_NAME}:{port}/"
        return inside(docker_daemon, spec.ref, FETCH.format(url=url)) == "200"

    with served(0) as any_port, served(free_port()) as service_port:
        assert reaches(service_port)
        assert reaches(any_port) is not hardened


@contextmanager
def served(port: int):
    """An HTTP server of this host on all addresses."""
    with ThreadingHTTPServer(("0.0.0.0", port), SimpleHTTPRequestHandler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


async def test_a_container_has_no_privileges_and_bounded_resources(runtime, docker_daemon):
    _, run = runtime
    spec = await run(spec_of(TenantId(new_id()), "ledger"))

    async with aiodocker.Docker(docker_daemon.url) as docker:
        host = (await (await docker.containers.get(layout.container_name(spec.ref))).show())[
            "HostConfig"
        ]
    status = inside(docker_daemon, spec.ref, "print(open('/proc/self/status').read())")
    write = inside(docker_daemon, spec.ref, "open('/opt/tallyard/new', 'w')")

    assert (host["Memory"], host["NanoCpus"], host["PidsLimit"]) == (
        spec.memory,
        1_000_000_000,
        128,
    )
    assert "CapEff:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status
    assert "Seccomp:\t2" in status
    assert "Read-only file system" in write


async def test_nothing_is_left_after_the_last_instance(runtime, docker_daemon):
    made, run = runtime
    tenant_id = TenantId(new_id())
    specs = [await run(spec_of(tenant_id, module)) for module in ("ledger", "inbound")]

    for spec in specs:
        await made.remove(spec.ref)

    label = json.dumps({"label": [f"{layout.LABEL_TENANT}={specs[0].ref.tenant_text}"]})
    async with aiodocker.Docker(docker_daemon.url) as docker:
        assert await docker.containers.list(all=True, filters=label) == []
        assert not (await docker.volumes.list(filters=json.loads(label)))["Volumes"]
        assert await docker.networks.list(filters=json.loads(label)) == []


async def test_a_missing_image_is_named(docker_daemon):
    spec = spec_of(TenantId(new_id()), "ledger")
    made = DockerRuntime("tallyard/none:such", SystemClock(), url=docker_daemon.url)

    with pytest.raises(ImageMissing, match="tallyard/none:such"):
        await made.create(spec)

    await made.remove(spec.ref)
    await made.close()


async def test_a_daemon_that_is_not_there_makes_the_runtime_unavailable(tmp_path):
    made = DockerRuntime("any", SystemClock(), url=f"unix://{tmp_path}/none.sock")

    with pytest.raises(RuntimeUnavailable):
        await made.observe(TenantId(new_id()))

    await made.close()


async def test_a_foreign_container_of_the_same_name_is_not_touched(runtime, docker_daemon):
    made, _ = runtime
    spec = spec_of(TenantId(new_id()), "ledger")
    async with aiodocker.Docker(docker_daemon.url) as docker:
        foreign = await docker.containers.create(
            {"Image": docker_daemon.image}, name=layout.container_name(spec.ref)
        )
        with pytest.raises(StartFailed, match="foreign"):
            await made.start(spec.ref)
        with pytest.raises(StartFailed, match="foreign"):
            await made.discard(spec.ref)
        await foreign.delete(force=True)
