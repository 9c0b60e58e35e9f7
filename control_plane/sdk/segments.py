"""A file of usage records that outlives the process which writes it.

The file is mapped into memory: a record is kept as soon as it is copied there, because the pages
belong to the kernel. SIGKILL takes nothing; only the machine's own end can, what it had not
written back (`CallSpool.sync`). Its place is reserved when the file is made, so a full disk is
met then and never in the middle of a record.

Layout: one page of header (mark, bytes acknowledged, length of the preamble, preamble), then one
frame a record: length and CRC-32 of the text, four bytes each, and the text. A length of zero ends
the file. A record is named by the file's id and its offset, so whoever sends it, however often,
sends it under the same name.
"""

import fcntl
import mmap
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from zlib import crc32

from control_plane.kernel.ids import format_id, new_id

SUFFIX, FRESH, DAMAGED = ".calls", ".new", ".damaged"
HEADER_BYTES = 4096
_MARK = int.from_bytes(b"TYCALLS1", "little")
_MARK_AT, _DONE_AT, _LENGTH_AT = 0, 1, 2  # places in the header, in words of eight bytes
_PREAMBLE_AT = 24
_FRAME = struct.Struct("<II")
_FRAME_BYTES = _FRAME.size
_FLAGS = mmap.MAP_SHARED | getattr(mmap, "MAP_POPULATE", 0)


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it stands in its file, and where the one after it begins."""

    offset: int
    text: bytes
    next_offset: int


class Segment:
    """One file of records, locked by the process that holds it.

    ``end`` is where the next record goes, ``done`` where the first unacknowledged one begins, and
    ``synced`` up to where somebody wrote it to the disk.
    """

    def __init__(self, handle: int, path: Path) -> None:
        self.path = path
        self.name = path.name.removesuffix(SUFFIX)
        self.size = os.fstat(handle).st_size
        self._handle = handle
        self._map = mmap.mmap(handle, self.size, flags=_FLAGS)
        self._whole = memoryview(self._map)
        self._words = self._whole[:_PREAMBLE_AT].cast("Q")
        self.end = HEADER_BYTES
        self.synced = 0
        self.waiting = 0

    @classmethod
    def create(cls, folder: Path, size: int, preamble: bytes) -> Self:
        """Make a new file of ``size`` bytes, all of them reserved on the disk.

        Raises:
            OSError: the disk is full, or the folder cannot be written.
        """
        while True:
            name = format_id("seg", new_id())
            fresh = folder / f"{name}{FRESH}"
            handle = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)
                os.posix_fallocate(handle, 0, size)
                os.pwrite(handle, preamble, _PREAMBLE_AT)
                segment = cls(handle, folder / f"{name}{SUFFIX}")
            except BaseException:
                fresh.unlink(missing_ok=True)
                os.close(handle)
                raise
            segment._words[_DONE_AT] = HEADER_BYTES
            segment._words[_LENGTH_AT] = len(preamble)
            segment._words[_MARK_AT] = _MARK
            try:
                # Under this name others look for it; by now it is locked and whole.
                fresh.rename(segment.path)
            except FileNotFoundError:  # somebody took it for the leftover of a dead process
                segment.close()
                continue
            return segment

    @classmethod
    def adopt(cls, path: Path) -> Self | None:
        """Take over a file whose process is gone; None while it lives, or if it was sent."""
        handle = _lock(path)
        if handle is None:
            return None
        if os.fstat(handle).st_size < HEADER_BYTES:
            os.close(handle)
            return None
        segment = cls(handle, path)
        segment._look()
        return segment

    @property
    def done(self) -> int:
        """Where the first record begins that is not acknowledged."""
        return self._words[_DONE_AT]

    @property
    def preamble(self) -> bytes:
        """What all records of the file have in common."""
        return bytes(self._whole[_PREAMBLE_AT : _PREAMBLE_AT + self._words[_LENGTH_AT]])

    @property
    def damaged(self) -> bool:
        """Whether something stands behind the last whole record."""
        return bool(bytes(self._whole[self.end : self.size]).strip(b"\0"))

    def append(self, frame: bytes) -> bool:
        """Keep a record (`framed`); False when it does not fit any more."""
        begin = self.end
        end = begin + len(frame)
        if end > self.size:
            return False
        self._map[begin:end] = frame
        self.end = end
        self.waiting += 1
        return True

    def read(self, limit: int) -> list[Record]:
        """Return the records that are not acknowledged, the oldest first, ``limit`` at most."""
        found = []
        for record in self._records(self.done, self.end):
            found.append(record)
            if len(found) == limit:
                break
        return found

    def acknowledge(self, records: list[Record]) -> None:
        """Forget the oldest records. One store of a machine word: it happens whole or not."""
        self._words[_DONE_AT] = records[-1].next_offset
        self.waiting -= len(records)

    def handle(self) -> int:
        """Return a handle of the file of the caller's own, good though the file goes meanwhile."""
        return os.dup(self._handle)

    def close(self) -> None:
        """Let go of the file; what waits in it is there for whoever comes next."""
        self._words.release()
        self._whole.release()
        self._map.close()
        os.close(self._handle)

    def remove(self) -> None:
        """Delete the file, all of it being acknowledged; what cannot be read is set aside."""
        if self.damaged:
            self.path.rename(self.path.with_suffix(DAMAGED))
        else:
            self.path.unlink(missing_ok=True)
        self.close()

    def _look(self) -> None:
        """Find the last whole record, and which ones wait."""
        if self._words[_MARK_AT] != _MARK:  # the machine ended before its header was on the disk
            return
        bounds = [record.next_offset for record in self._records(HEADER_BYTES, self.size)]
        self.end = bounds[-1] if bounds else HEADER_BYTES
        if self.done not in {HEADER_BYTES, *bounds}:
            self._words[_DONE_AT] = HEADER_BYTES  # all go again, and are answered as duplicates
        self.waiting = sum(bound > self.done for bound in bounds)

    def _records(self, begin: int, end: int) -> Iterator[Record]:
        while begin + _FRAME_BYTES < end:
            length, check = _FRAME.unpack_from(self._map, begin)
            after = begin + _FRAME_BYTES + length
            if not length or after > end:
                return
            text = self._map[begin + _FRAME_BYTES : after]
            if crc32(text) != check:
                return
            yield Record(begin, text, after)
            begin = after


def framed(text: bytes) -> bytes:
    """Return a text as `Segment.append` takes it."""
    return _FRAME.pack(len(text), crc32(text)) + text


def clear(path: Path) -> None:
    """Delete the beginnings of a file whose process died over them."""
    handle = _lock(path)
    if handle is not None:
        path.unlink(missing_ok=True)
        os.close(handle)


def _lock(path: Path) -> int | None:
    """Open a file that no living process holds, and hold it."""
    try:
        handle = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle
