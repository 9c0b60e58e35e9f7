"""A run of the demo as a process of its own, and the means to kill parts of it."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from web.demo.host import clean_up

END_SECONDS = 60


@dataclass
class DemoRun:
    """A demo under way in ``folder``; what it says goes to ``log``."""

    folder: Path
    log: Path
    process: "subprocess.Popen[bytes]"

    @property
    def is_over(self) -> bool:
        return self.process.poll() is not None

    @property
    def said(self) -> str:
        return self.log.read_text(encoding="utf-8")

    @property
    def totals(self) -> str:
        """The closing table and every comparison of the books, as they are printed."""
        found = re.search(r"Bella Pizza's \d{4}.*?(?=\n\s*portal )", self.said, re.DOTALL)
        assert found, self.said[-3000:]
        return found[0]

    def starts(self, name: str) -> int:
        """How often the web or the worker process has come so far as to work."""
        log = (self.folder / "run" / f"{name}.log").read_text(encoding="utf-8")
        return log.count(f'"event": "{name}_started"')

    def kill(self, name: str) -> bool:
        """Kill the web or the worker process; tell whether there was one."""
        try:
            pid = int((self.folder / "run" / f"{name}.pid").read_text())
        except (FileNotFoundError, ValueError):
            return False
        return any(_killed(p) for p in self.processes() if p == pid)

    def kill_module(self, module: str) -> bool:
        """Kill every tenant's service of that module; tell whether there was one."""
        wanted = f"TALLYARD_MODULE={module}".encode()
        running = [pid for pid in self.processes() if wanted in _environment(pid)]
        return sum(map(_killed, running)) > 0

    def processes(self) -> list[int]:
        """Every process that was told to work in this demo's folder."""
        ours = str(self.folder).encode()
        return [
            int(path.name)
            for path in Path("/proc").iterdir()
            if path.name.isdigit()
            and int(path.name) not in {self.process.pid, os.getpid()}
            and any(ours in setting for setting in _environment(int(path.name)))
        ]

    def shipments(self) -> int:
        """How many shipments the busiest tenant's outbound service holds."""
        counts = [0]
        for file in self.folder.glob("instances/*/*/data/*.sqlite3"):
            with suppress(sqlite3.Error), closing(_open(file)) as database:
                counts += database.execute(
                    "SELECT count(*) FROM documents WHERE state = 'posted'"
                ).fetchone()
        return max(counts)


@contextmanager
def demo_run(folder: Path, port: int, scale: float) -> Iterator[DemoRun]:
    """Start a demo that ends by itself; whatever happens, nothing of it is left afterwards."""
    folder.mkdir(parents=True)
    log = folder.with_suffix(".log")
    command = [sys.executable, "-m", "web.cli", "demo", "--once", "--scale", str(scale)]
    with log.open("wb") as file:
        process = subprocess.Popen(
            [*command, "--folder", str(folder), "--port", str(port)],
            stdout=file,
            stderr=subprocess.STDOUT,
            env={**os.environ, "COLUMNS": "140", "LC_ALL": "en_GB.UTF-8"},
        )
    run = DemoRun(folder, log, process)
    try:
        yield run
    finally:
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(END_SECONDS)
        for pid in [process.pid, *run.processes()]:
            _killed(pid)
        process.wait()
        clean_up(folder)


def _open(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=1)


def _environment(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:  # it ended meanwhile, or is somebody else's
        return []


def _killed(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True
