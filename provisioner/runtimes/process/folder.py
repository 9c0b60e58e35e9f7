"""The folder that is the whole memory of one process instance.

``spec.json`` says how to start it, ``data/`` is what it keeps, ``module.log`` what it wrote.
``run.lock`` is held by the running process itself (it inherits the open file), so whether it
lives is known without any record that a killed worker could have failed to write. ``started``
is touched by it before it becomes the module.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from control_plane.kernel.ids import InstanceId, TenantId
from provisioner.ports import InstanceSpec


@dataclass(frozen=True, slots=True)
class StoredSpec:
    """What is needed to start the instance again. The environment holds its secrets."""

    tenant_id: TenantId
    instance_id: InstanceId
    generation: int
    port: int
    env: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class InstanceFolder:
    """Reads and writes the folder of one instance."""

    path: Path

    @property
    def data(self) -> Path:
        """Where the instance keeps its data."""
        return self.path / "data"

    @property
    def log(self) -> Path:
        """Where the instance's output goes."""
        return self.path / "module.log"

    @property
    def started(self) -> Path:
        """What the process touches when it starts."""
        return self.path / "started"

    def write_spec(self, spec: InstanceSpec, env: Mapping[str, str]) -> None:
        """Store how to start the instance, at once and readable by its owner only."""
        self.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        body = {
            "tenant": str(spec.ref.tenant_id),
            "instance": str(spec.ref.instance_id),
            "generation": spec.generation,
            "port": spec.port,
            "env": dict(env),
        }
        draft = self.path / "spec.json.new"
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(body, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.path / "spec.json")

    def read_spec(self) -> StoredSpec | None:
        """Return how to start the instance, or None when that was never stored.

        Raises:
            ValueError: the file is damaged.
        """
        try:
            body = json.loads((self.path / "spec.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        try:
            return StoredSpec(
                tenant_id=TenantId(UUID(body["tenant"])),
                instance_id=InstanceId(UUID(body["instance"])),
                generation=int(body["generation"]),
                port=int(body["port"]),
                env=body["env"],
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"{self.path}: not a stored instance") from error

    def take_lock(self) -> int | None:
        """Lock the folder for a new process: the open file, or None while one lives."""
        handle = os.open(self.path / "run.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            return None
        return handle

    def is_alive(self) -> bool:
        """Tell whether the instance's process (or one that is becoming it) lives."""
        try:
            handle = os.open(self.path / "run.lock", os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            # shared: two observers at once must not take each other for the process
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(handle)
        return False

    def forget_process(self) -> None:
        """Drop how to start the instance, keeping its data."""
        for name in ("spec.json", "spec.json.new", "started"):
            (self.path / name).unlink(missing_ok=True)

    def destroy(self) -> None:
        """Delete the folder and everything in it."""
        shutil.rmtree(self.path, ignore_errors=True)

    def tail(self, lines: int) -> str:
        """Return the last lines of the log, reading at most 256 KiB of it."""
        try:
            with self.log.open("rb") as file:
                file.seek(0, os.SEEK_END)
                file.seek(max(0, file.tell() - 262_144))
                text = file.read().decode("utf-8", errors="replace")
        except FileNotFoundError:
            return ""
        return "".join(text.splitlines(keepends=True)[-lines:])
