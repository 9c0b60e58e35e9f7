"""The spool of call metering: what a request leaves behind, kept without a system call."""

import os
import threading
import weakref
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from control_plane.kernel.errors import ErrorKind, TallyardError
from control_plane.sdk.fast_json import decode, encode
from control_plane.sdk.segments import FRESH, HEADER_BYTES, SUFFIX, Record, Segment, clear, framed

SEGMENT_BYTES = 256 << 10
LIMIT_BYTES = 256 << 20
_REFUSED = "refused.ndjson"
_LARGEST_PREAMBLE = 2048


class UsageSpoolFull(TallyardError):
    """A call's usage cannot be kept: the spool has its full size, or the disk is full."""

    code = "usage_spool_full"
    kind = ErrorKind.UNAVAILABLE
    message = "The usage of this call cannot be kept: {reason}."
    remedy = "Try again later. The service serves again once its usage could be sent."


_spools: "weakref.WeakSet[CallSpool]" = weakref.WeakSet()


class CallSpool:
    """Keeps one record a call, in files of the process's own, until they are acknowledged.

    What ``record`` was given survives SIGKILL from the moment it returns; ``sync`` bounds what the
    machine's own end can take. Threads may record at once. After a fork the child has files of its
    own, and what its parent recorded stays the parent's. Files of dead processes are taken over by
    whoever asks for ``holding`` next: the lock on a file ends with its process, so no process id
    is ever compared.

    The folder never holds more than ``limit_bytes``. Beyond, and on a full disk, ``record``
    refuses: a call that cannot be counted is not to be served.
    """

    def __init__(
        self,
        folder: Path,
        *,
        source: str,
        subject: str,
        segment_bytes: int = SEGMENT_BYTES,
        limit_bytes: int = LIMIT_BYTES,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._preamble = encode({"source": source, "subject": subject})
        assert len(self._preamble) <= _LARGEST_PREAMBLE  # noqa: S101 - our own short names
        self._segment_bytes = segment_bytes
        self._limit_bytes = limit_bytes
        self._lock = threading.Lock()
        self._current: Segment | None = None
        self._spare: Segment | None = None
        self._held: list[Segment] = []
        self._syncing: list[int] = []
        self.refused_path = folder / _REFUSED
        self.dead = self._count_refused()
        _spools.add(self)

    def record(self, event_type: str, at: datetime, data: Mapping[str, int | str]) -> None:
        """Keep what a call used; ``at`` is aware, ``data`` whole numbers and texts.

        Raises:
            UsageSpoolFull: it cannot be kept.
        """
        frame = framed(encode((event_type, at, data)))
        with self._lock:
            current = self._current
            if current is None or not current.append(frame):
                self._turn(len(frame)).append(frame)

    @property
    def pending(self) -> int:
        """How many calls wait to be sent, as far as this process holds their files."""
        return sum(segment.waiting for segment in self.holding())

    def holding(self) -> list[Segment]:
        """Return the files that this process answers for, dead processes' files among them."""
        with self._lock:
            own = {segment.path for segment in (*self._held, self._current, self._spare) if segment}
            for path in sorted(self.folder.glob(f"*{SUFFIX}")):
                if path not in own:
                    self._adopt(path)
            for path in self.folder.glob(f"*{FRESH}"):
                clear(path)
            return [*self._held, *([self._current] if self._current else [])]

    def events(self, segment: Segment, limit: int) -> list[tuple[Record, dict[str, object]]]:
        """Return the oldest unacknowledged records of a file, each as a CloudEvent."""
        common = decode(segment.preamble)
        return [
            (record, _event(f"{segment.name}-{record.offset}", common, record.text))
            for record in segment.read(limit)
        ]

    def acknowledge(self, segment: Segment, records: list[Record]) -> None:
        """Forget records that were settled; a file that is full and settled goes away."""
        with self._lock:
            segment.acknowledge(records)
            if not segment.waiting and segment is not self._current:
                self._held.remove(segment)
                segment.remove()

    def bury(self, refused: list[tuple[dict[str, object], str]]) -> None:
        """Keep events that will never be taken, each with the reason, in ``refused.ndjson``.

        Killed before they are acknowledged, they are sent, refused and written once more.
        """
        lines = b"".join(encode({"reason": why, "event": event}) + b"\n" for event, why in refused)
        handle = os.open(self.refused_path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(handle, lines)
            os.fdatasync(handle)
        finally:
            os.close(handle)
        self.dead += len(refused)

    def sync(self) -> None:
        """Write everything recorded so far to the disk, and have the next file at hand.

        Blocks for as long as the disk takes: call it beside the requests, not in them.
        """
        with self._lock:
            current = self._current
            dirty = [
                (segment, segment.end)
                for segment in (*self._held, current)
                if segment is not None and segment.synced < segment.end
            ]
            self._syncing = [segment.handle() for segment, _ in dirty]
        try:
            for (segment, end), handle in zip(dirty, self._syncing, strict=True):
                os.fdatasync(handle)
                segment.synced = end
        finally:
            self._close_syncing()
        if current is not None and self._spare is None and not self._is_full():
            spare = self._make()
            with self._lock:
                self._spare = spare

    def close(self) -> None:
        """Let go of every file; what waits in them is sent by whoever comes next."""
        with self._lock:
            _spools.discard(self)
            for segment in (self._current, self._spare):
                if segment is not None and not segment.waiting:
                    segment.path.unlink(missing_ok=True)
            self._let_go()

    def _let_go(self) -> None:
        for segment in (*self._held, self._current, self._spare):
            if segment is not None:
                segment.close()
        self._held, self._current, self._spare = [], None, None

    def _after_fork(self) -> None:
        # The locks belong to the parent's open files, and stay until both let go of them.
        self._lock = threading.Lock()
        self._let_go()
        self._close_syncing()

    def _close_syncing(self) -> None:
        while self._syncing:
            os.close(self._syncing.pop())

    def _turn(self, length: int) -> Segment:
        """Go on to the next file."""
        if length > self._segment_bytes - HEADER_BYTES:
            raise UsageSpoolFull(reason=f"one call's usage has {length} bytes")
        if self._spare is None and self._is_full():
            raise UsageSpoolFull(reason=f"the spool holds {self._limit_bytes} bytes already")
        try:
            following = self._spare or self._make()
        except OSError as error:
            raise UsageSpoolFull(reason=str(error.strerror)) from error
        if self._current is not None:
            if self._current.waiting:
                self._held.append(self._current)
            else:
                self._current.remove()
        self._current, self._spare = following, None
        return following

    def _make(self) -> Segment:
        return Segment.create(self.folder, self._segment_bytes, self._preamble)

    def _is_full(self) -> bool:
        taken = sum(path.stat().st_size for path in self.folder.glob(f"*{SUFFIX}"))
        return taken + self._segment_bytes > self._limit_bytes

    def _adopt(self, path: Path) -> None:
        segment = Segment.adopt(path)
        if segment is not None and segment.waiting:
            self._held.append(segment)
        elif segment is not None:
            segment.remove()

    def _count_refused(self) -> int:
        try:
            with self.refused_path.open("rb") as stream:
                return sum(1 for _ in stream)
        except FileNotFoundError:
            return 0


def _event(event_id: str, common: Mapping[str, str], text: bytes) -> dict[str, object]:
    event_type, time, data = decode(text)
    return {
        "specversion": "1.0",
        "source": common["source"],
        "id": event_id,
        "type": event_type,
        "subject": common["subject"],
        "time": time,
        "datacontenttype": "application/json",
        "data": data,
    }


def _forked() -> None:
    for spool in list(_spools):
        spool._after_fork()  # noqa: SLF001 - the hook of this module's own class


os.register_at_fork(after_in_child=_forked)
