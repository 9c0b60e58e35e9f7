"""Instances as detached processes with a folder each."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import InstanceId, InvalidId, TenantId, format_id, parse_id
from provisioner.domain.instances import Observation, ObservedInstance, State
from provisioner.errors import PortTaken, RuntimeUnavailable, StartFailed, StopFailed
from provisioner.ports import InstanceRef, InstanceSpec
from provisioner.runtimes.probe import is_ready, new_client
from provisioner.runtimes.process.folder import InstanceFolder, StoredSpec
from provisioner.runtimes.process.spawn import import_path, port_is_free, processes_of, spawn

STARTING_SECONDS = 30.0
STOP_SECONDS = 10.0
MODULE_COMMAND = (sys.executable, "-m", "inventory_modules")
_INHERITED = ("PATH", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE")


@dataclass(slots=True)
class ProcessRuntime:
    """Runs instances as processes that outlive the worker.

    ``root`` holds a folder per instance. A process is found again by the lock it holds, so a
    worker killed at any point never leads to a second process for one instance. With
    ``exit_with_pid`` the modules are told to end when that process is gone.
    """

    root: Path
    clock: Clock
    command: Sequence[str] = MODULE_COMMAND
    exit_with_pid: int = 0
    name: str = "process"
    isolates: bool = False
    _client: httpx.AsyncClient = field(default_factory=new_client)
    _children: set[int] = field(default_factory=set)

    async def observe(self, tenant_id: TenantId) -> Observation:
        """Read the tenant's folders; one that cannot be read is unknown, and the rest goes on."""
        self._reap()
        folders = self._folders(self.root / format_id("ten", tenant_id))
        found = await asyncio.gather(*(self._look(path) for path in folders))
        return Observation({seen.instance_id: seen for seen in found if seen is not None})

    async def create(self, spec: InstanceSpec) -> None:
        """Write the instance's folder."""
        folder = self._folder(spec.ref)
        known = folder.read_spec()
        if known is not None and known.generation == spec.generation:
            return
        if known is not None or folder.is_alive():
            raise StartFailed(instance=spec.ref.instance_text, reason="another generation exists")
        folder.write_spec(spec, self._environment(spec, folder))

    async def start(self, ref: InstanceRef) -> None:
        """Spawn the process unless one holds the lock."""
        folder = self._folder(ref)
        spec = folder.read_spec()
        if spec is None:
            raise StartFailed(instance=ref.instance_text, reason="it was not created")
        lock = folder.take_lock()
        if lock is None:
            return
        try:
            if not port_is_free(spec.port):
                raise PortTaken(instance=ref.instance_text, port=spec.port)
            folder.started.unlink(missing_ok=True)
            pid = spawn(folder, lock, command=self.command, env=self._start_env(spec))
        except OSError as error:
            raise StartFailed(instance=ref.instance_text, reason=str(error)) from error
        finally:
            os.close(lock)
        self._children.add(pid)

    async def stop(self, ref: InstanceRef) -> None:
        """End the process group: SIGTERM, ten seconds of patience, SIGKILL.

        Raises:
            StopFailed: something of it is still there after SIGKILL.
        """
        folder = self._folder(ref)
        for kill in (signal.SIGTERM, signal.SIGKILL):
            if not folder.is_alive():
                break
            with processes_of(ref) as handles:
                for handle in handles:
                    with suppress(ProcessLookupError):
                        signal.pidfd_send_signal(handle, kill)
            await self._wait_for_end(folder)
        self._reap()
        if folder.is_alive():
            raise StopFailed(instance=ref.instance_text)

    async def discard(self, ref: InstanceRef) -> None:
        """Stop the process and drop its settings; the data folder stays."""
        await self.stop(ref)
        self._folder(ref).forget_process()

    async def remove(self, ref: InstanceRef) -> None:
        """Stop the process and delete its folder."""
        await self.stop(ref)
        self._folder(ref).destroy()

    async def logs(self, ref: InstanceRef, *, lines: int = 200) -> str:
        """Return the end of the instance's log file."""
        return self._folder(ref).tail(lines)

    async def close(self) -> None:
        """Close the probing client."""
        await self._client.aclose()

    async def stop_all(self) -> int:
        """Stop every process under ``root``, keeping all data; return how many there were."""
        stopped = 0
        for path in (path for tenant in self._folders(self.root) for path in self._folders(tenant)):
            folder = InstanceFolder(path)
            with suppress(ValueError):
                spec = folder.read_spec()
                if spec is not None and folder.is_alive():
                    await self.stop(InstanceRef(spec.tenant_id, spec.instance_id))
                    stopped += 1
        return stopped

    async def _look(self, path: Path) -> ObservedInstance | None:
        """Return what the folder shows; None for one that is no instance's."""
        folder = InstanceFolder(path)
        try:
            instance_id = InstanceId(parse_id("ins", path.name))
        except InvalidId:
            return None
        holds_data = folder.data.is_dir()
        try:
            spec = folder.read_spec()
        except (ValueError, OSError):
            return ObservedInstance(instance_id, State.UNKNOWN, holds_data=holds_data)
        if spec is None:
            state = State.UNKNOWN if folder.is_alive() else State.ABSENT
            return ObservedInstance(instance_id, state, holds_data=holds_data)
        state = await self._state(folder, spec)
        return ObservedInstance(instance_id, state, spec.generation, holds_data=holds_data)

    async def _state(self, folder: InstanceFolder, spec: StoredSpec) -> State:
        if not folder.is_alive():
            return State.STOPPED if folder.started.exists() else State.CREATED
        if await is_ready(spec.port, client=self._client):
            return State.READY
        try:
            started = folder.started.stat().st_mtime
        except FileNotFoundError:
            return State.STARTING
        young = self.clock.now().timestamp() - started < STARTING_SECONDS
        return State.STARTING if young else State.UNHEALTHY

    async def _wait_for_end(self, folder: InstanceFolder) -> None:
        for _ in range(int(STOP_SECONDS / 0.05)):
            self._reap()
            if not folder.is_alive():
                return
            await asyncio.sleep(0.05)

    def _reap(self) -> None:
        for pid in tuple(self._children):
            try:
                done, _ = os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                done = pid
            if done:
                self._children.discard(pid)

    def _environment(self, spec: InstanceSpec, folder: InstanceFolder) -> dict[str, str]:
        peers = {module: f"http://127.0.0.1:{port}" for module, port in spec.peers.items()}
        return {
            **spec.common_env(),
            "TALLYARD_CONTROL_URL": spec.control_url,
            "TALLYARD_DATA_DIR": str(folder.data.absolute()),
            "TALLYARD_LISTEN": f"127.0.0.1:{spec.port}",
            "TALLYARD_PEERS": json.dumps(peers),
        }

    def _start_env(self, spec: StoredSpec) -> dict[str, str]:
        inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        ends = {"TALLYARD_EXIT_WITH_PID": str(self.exit_with_pid)} if self.exit_with_pid else {}
        return {
            **inherited,
            "PYTHONPATH": import_path(),
            "PYTHONUNBUFFERED": "1",
            **spec.env,
            **ends,
        }

    def _folder(self, ref: InstanceRef) -> InstanceFolder:
        return InstanceFolder(self.root / ref.tenant_text / ref.instance_text)

    def _folders(self, root: Path) -> list[Path]:
        try:
            return sorted(each for each in root.iterdir() if each.is_dir())
        except FileNotFoundError:
            return []
        except OSError as error:
            raise RuntimeUnavailable(runtime=self.name, reason=str(error)) from error
