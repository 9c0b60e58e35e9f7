"""Starting a detached process that holds its instance's lock, and finding it again."""

import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from provisioner.ports import InstanceRef
from provisioner.runtimes.process.folder import InstanceFolder

LOCK_HANDLE = 9

# The child itself says that it started: a worker killed right after the spawn leaves a process
# that the next worker finds, by the lock at once and by its environment when it has to end.
_BECOME = 'umask 077; cd "${0%/*}"; : >"$0"; exec "$@"'


def spawn(
    folder: InstanceFolder, lock: int, *, command: Sequence[str], env: Mapping[str, str]
) -> int:
    """Start ``command`` in a session of its own and return its pid.

    The process inherits ``lock`` and, through it, proves that it lives; it survives the caller.

    Raises:
        OSError: the process could not be started.
    """
    log = os.open(folder.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        return os.posix_spawn(
            "/bin/sh",
            ["/bin/sh", "-c", _BECOME, str(folder.started), *command],
            dict(env),
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, log, 1),
                (os.POSIX_SPAWN_DUP2, log, 2),
                (os.POSIX_SPAWN_DUP2, lock, LOCK_HANDLE),
            ],
            setsid=True,
        )
    finally:
        os.close(log)


@contextmanager
def processes_of(ref: InstanceRef) -> Iterator[list[int]]:
    """Yield a pid file descriptor (pidfd_open(2)) of each process of the instance.

    They are told by ``TALLYARD_INSTANCE_ID`` in their environment, which is read again once the
    descriptor pins the process, so a number that was given to another in between is let go.
    """
    found: list[int] = []
    for entry in Path("/proc").glob("[0-9]*"):
        if _is_of(entry, ref):
            with suppress(OSError):
                handle = os.pidfd_open(int(entry.name))
                found.append(handle)
                if not _is_of(entry, ref):
                    os.close(found.pop())
    try:
        yield found
    finally:
        for handle in found:
            os.close(handle)


def _is_of(entry: Path, ref: InstanceRef) -> bool:
    try:
        environ = (entry / "environ").read_bytes()
    except OSError:
        return False
    return f"TALLYARD_INSTANCE_ID={ref.instance_text}".encode() in environ.split(b"\0")


def port_is_free(port: int) -> bool:
    """Tell whether 127.0.0.1:``port`` can be bound right now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def import_path() -> str:
    """Return the folder that holds Tallyard's packages, for ``PYTHONPATH``."""
    return str(Path(__file__).resolve().parents[3])
