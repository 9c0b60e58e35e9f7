"""Places in which exports of running instances are taken: a few of each tenant.

Whoever takes one holds its file lock, which the kernel lets go when a process ends, however it
ends. What lies in a place that nobody holds was left behind.
"""

import fcntl
import shutil
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

_HOME = "taking"


@dataclass(frozen=True, slots=True)
class ExportSlot:
    """A folder of one's own until the slot is closed."""

    folder: Path
    lock: BinaryIO

    def __enter__(self) -> Self:
        """Hold it for a block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Empty the folder, and let the next one have it."""
        self.close()

    def close(self) -> None:
        """Empty the folder, and let the next one have it; more than once is as well."""
        if not self.lock.closed:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.lock.close()


def take_slot(exports: Path, tenant: str, most: int) -> ExportSlot | None:
    """Take one of a tenant's ``most`` slots, emptied; None while others hold all of them."""
    home = exports / _HOME / tenant
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    for number in range(most):
        slot = _taken(home / f"{number}.lock")
        if slot is not None:
            slot.folder.mkdir(mode=0o700, exist_ok=True)
            return slot
    return None


def sweep_slots(exports: Path) -> int:
    """Remove what processes that are gone left behind, and return how many slots it was in."""
    swept = 0
    for left in (exports / _HOME).glob("*/*/"):
        slot = _taken(left.with_suffix(".lock"))
        if slot is not None:
            slot.close()
            swept += 1
    return swept


def _taken(lock: Path) -> ExportSlot | None:
    """Return the slot of a lock file, emptied; None while somebody holds it."""
    file = lock.open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    folder = lock.with_suffix("")
    shutil.rmtree(folder, ignore_errors=True)
    return ExportSlot(folder, file)
