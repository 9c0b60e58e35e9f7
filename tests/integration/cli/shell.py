"""A shell in which Tallyard is set up for one database."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from control_plane.runtime.settings import Settings
from tests.support.forks import PATIENCE_SECONDS, ForkServer
from web.cli import COMMANDS

ENGLISH, CHINESE = "en_GB.UTF-8", "zh_CN.UTF-8"


@cache
def _imported() -> ForkServer:
    """The command line with all of its verbs, imported once for this process."""
    return ForkServer(sorted({command.partition(":")[0] for command in COMMANDS.values()}))


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.out.splitlines()]


@dataclass(frozen=True)
class Shell:
    """Runs ``tallyard``, with nothing of this process's own settings."""

    environment: Mapping[str, str]

    def __call__(self, *arguments: str, **changes: str) -> Done:
        """Run a command in a process of its own, forked from one that has read the code."""
        with tempfile.TemporaryDirectory() as folder:
            done = Done(*_imported().run(arguments, {**self.environment, **changes}, Path(folder)))
        assert "Traceback" not in done.err, done.err
        return done

    def anew(self, *arguments: str, **changes: str) -> Done:
        """Run a command in a process that starts from nothing."""
        done = subprocess.run(
            self._command(arguments),
            env={**self.environment, **changes},
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Done(done.returncode, done.stdout, done.stderr)

    @contextmanager
    def running(self, *arguments: str, log: Path) -> "Iterator[subprocess.Popen[bytes]]":
        """Leave a command running for the length of the block."""
        with log.open("ab") as file:
            process = subprocess.Popen(
                self._command(arguments), env=self.environment, stdout=file, stderr=file
            )
        try:
            yield process
        finally:
            process.kill()
            process.wait(20)

    @staticmethod
    def _command(arguments: tuple[str, ...]) -> list[str]:
        return [sys.executable, "-m", "web.cli", *arguments]


def shell_for(settings: Settings, **more: str) -> Shell:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return Shell(
        {
            **kept,
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            "LC_ALL": ENGLISH,
            "COLUMNS": "96",
            "TALLYARD_DATABASE_URL": settings.database_url,
            "TALLYARD_SECRET_KEY": settings.secret_key,
            "TALLYARD_VAR_DIR": str(settings.var_dir),
            **more,
        }
    )
