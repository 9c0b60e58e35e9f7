"""The demo's own processes: started, watched, started again when one dies, stopped at the end."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

STOP_SECONDS = 10


@dataclass(slots=True)
class Child:
    """One process of ours: its command, and the run that is under way."""

    name: str
    command: tuple[str, ...]
    process: subprocess.Popen[bytes] | None = None
    restarts: int = 0


@dataclass(slots=True)
class Supervisor:
    """Keeps the web and worker processes running, as a service manager would."""

    run_dir: Path
    environment: Mapping[str, str]
    children: dict[str, Child] = field(default_factory=dict)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _watcher: threading.Thread | None = None

    def add(self, name: str, *arguments: str) -> None:
        """Start ``tallyard ARGUMENTS``; its pid stands in ``<run_dir>/<name>.pid``."""
        command = (sys.executable, "-m", "web.cli", *arguments)
        self.children[name] = Child(name, command)
        self._launch(self.children[name])

    def watch(self) -> None:
        """Restart, from now on, whatever ends without being asked to."""
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()

    def stop(self) -> None:
        """Ask every process to end, and make it end after ten seconds."""
        self._stopping.set()
        if self._watcher:
            self._watcher.join()
        running = [
            c.process for c in self.children.values() if c.process and c.process.poll() is None
        ]
        for process in running:
            process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        for process in running:
            try:
                process.wait(timeout=max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for child in self.children.values():
            (self.run_dir / f"{child.name}.pid").unlink(missing_ok=True)

    def _watch(self) -> None:
        while not self._stopping.wait(0.2):
            for child in self.children.values():
                if child.process is not None and child.process.poll() is not None:
                    child.restarts += 1
                    self._launch(child)

    def _launch(self, child: Child) -> None:
        self.run_dir.mkdir(parents=True, exist_ok=True)
        with (self.run_dir / f"{child.name}.log").open("ab") as log:
            child.process = subprocess.Popen(
                child.command,
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env={**os.environ, **self.environment},
                start_new_session=True,  # Ctrl-C reaches us alone; we stop the rest in order
            )
        (self.run_dir / f"{child.name}.pid").write_text(str(child.process.pid))
