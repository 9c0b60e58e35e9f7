"""Processes that outlive their worker, and never run twice."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from control_plane.kernel.clock import SystemClock
from control_plane.kernel.ids import InstanceId, TenantId, format_id, new_id
from provisioner.domain.instances import State
from provisioner.ports import InstanceRef, InstanceSpec
from provisioner.runtimes.process import ProcessRuntime
from tests.support.ports import free_port

ROOT = Path(__file__).resolve().parents[3]
STAND_IN = ROOT / "tests" / "support" / "stand_in_module.py"

WORKER = """
import asyncio, os, signal, sys
from pathlib import Path
from uuid import UUID
from control_plane.kernel.clock import SystemClock
from provisioner.ports import InstanceRef, InstanceSpec
from provisioner.runtimes.process import ProcessRuntime, runtime as module

root, tenant, instance, port, stand_in, when = sys.argv[1:]
ref = InstanceRef(UUID(tenant), UUID(instance))
made = ProcessRuntime(Path(root), SystemClock(), command=(sys.executable, stand_in))

def die(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)

async def main():
    await made.create(InstanceSpec(ref, "outbound", 1, int(port), "http://127.0.0.1:8000"))
    if when == "spawned":
        spawn = module.spawn
        def spawn_and_die(*args, **kwargs):
            spawn(*args, **kwargs)
            die()
        module.spawn = spawn_and_die
    await made.start(ref)
    die()

asyncio.run(main())
"""


def processes_of(instance: str) -> set[int]:
    wanted = f"TALLYARD_INSTANCE_ID={instance}".encode()
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if wanted in (entry / "environ").read_bytes().split(b"\0"):
                found.add(int(entry.name))
        except OSError:
            continue
    return found


@pytest.fixture
async def runtime(tmp_path):
    made = ProcessRuntime(tmp_path, SystemClock(), command=(sys.executable, str(STAND_IN)))
    yield made
    await made.stop_all()
    await made.close()


@pytest.fixture
def ref():
    return InstanceRef(TenantId(new_id()), InstanceId(new_id()))


async def reaches(runtime, ref, state: State) -> None:
    async with asyncio.timeout(60):
        while (await runtime.observe(ref.tenant_id)).of(ref.instance_id).state is not state:
            await asyncio.sleep(0.05)


def killed_worker(root: Path, ref: InstanceRef, when: str) -> int:
    """Run a worker that starts the instance and is SIGKILLed; return the exit status."""
    arguments = [str(root), str(ref.tenant_id), str(ref.instance_id), str(free_port())]
    worker = subprocess.run(
        [sys.executable, "-c", WORKER, *arguments, str(STAND_IN), when],
        check=False,
        cwd=ROOT,
        timeout=60,
    )
    return worker.returncode


@pytest.mark.parametrize("when", ["spawned", "started"])
async def test_a_worker_killed_after_the_spawn_leaves_one_process_that_the_next_one_finds(
    runtime, ref, tmp_path, when
):
    assert killed_worker(tmp_path, ref, when) == -signal.SIGKILL

    await runtime.start(ref)  # what a restarted worker would do before it has looked
    await reaches(runtime, ref, State.READY)

    instance = format_id("ins", ref.instance_id)
    assert len(processes_of(instance)) == 1
    await runtime.stop(ref)
    assert processes_of(instance) == set()


async def test_many_starts_at_once_make_one_process(runtime, ref):
    await runtime.create(InstanceSpec(ref, "outbound", 1, free_port(), "http://127.0.0.1:8000"))

    await asyncio.gather(*(runtime.start(ref) for _ in range(8)))
    await reaches(runtime, ref, State.READY)

    assert len(processes_of(ref.instance_text)) == 1


async def test_a_process_that_ignores_sigterm_is_killed(tmp_path, ref, monkeypatch):
    monkeypatch.setattr("provisioner.runtimes.process.runtime.STOP_SECONDS", 0.5)
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
    runtime = ProcessRuntime(tmp_path, SystemClock(), command=(sys.executable, "-c", deaf))
    await runtime.create(InstanceSpec(ref, "outbound", 1, free_port(), "http://127.0.0.1:8000"))
    await runtime.start(ref)
    await asyncio.sleep(0.5)

    await runtime.stop(ref)

    assert processes_of(ref.instance_text) == set()
    await runtime.close()


async def test_a_damaged_folder_is_unknown_and_hides_no_other(runtime, tmp_path):
    tenant_id = TenantId(new_id())
    good, bad = (InstanceRef(tenant_id, InstanceId(new_id())) for _ in range(2))
    for ref in (good, bad):
        await runtime.create(InstanceSpec(ref, "ledger", 1, free_port(), "http://127.0.0.1:8000"))
    (tmp_path / bad.tenant_text / bad.instance_text / "spec.json").write_text("{")

    observed = await runtime.observe(tenant_id)

    assert observed.of(bad.instance_id).state is State.UNKNOWN
    assert observed.of(good.instance_id).state is State.CREATED


async def test_secrets_are_readable_by_their_owner_only(runtime, ref, tmp_path):
    spec = InstanceSpec(
        ref,
        "ledger",
        1,
        free_port(),
        "http://127.0.0.1:8000",
        env={"TALLYARD_SERVICE_TOKEN": "tys_secret"},
    )
    await runtime.create(spec)

    file = tmp_path / ref.tenant_text / ref.instance_text / "spec.json"

    assert "tys_secret" in file.read_text()
    assert file.stat().st_mode & 0o077 == 0


async def test_modules_know_whose_end_is_theirs(tmp_path, ref):
    runtime = ProcessRuntime(
        tmp_path,
        SystemClock(),
        command=(sys.executable, str(STAND_IN)),
        exit_with_pid=os.getpid(),
    )
    await runtime.create(InstanceSpec(ref, "ledger", 1, free_port(), "http://127.0.0.1:8000"))
    await runtime.start(ref)
    await reaches(runtime, ref, State.READY)

    (pid,) = processes_of(ref.instance_text)
    environ = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    assert f"TALLYARD_EXIT_WITH_PID={os.getpid()}".encode() in environ
    assert await runtime.stop_all() == 1
    await runtime.close()
