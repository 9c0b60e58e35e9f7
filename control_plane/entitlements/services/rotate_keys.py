"""Use case: sign with another key, without a signature that any running service refuses."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from control_plane.entitlements.errors import KeysNotInStep, KeyTooNew
from control_plane.entitlements.key_file import (
    KeyFile,
    create_key_file,
    read_key_file,
    replace_key_file,
)
from control_plane.kernel.clock import Clock
from control_plane.kernel.instants import instant_text
from control_plane.sdk.envelope import key_id_of

OVERLAP = timedelta(hours=1)
"""How long both keys are trusted before signing moves, and again before the old one goes."""


class KeyUse(StrEnum):
    """What a key of the file is there for."""

    SIGNING = "signing"
    ANNOUNCED = "announced"
    LEAVING = "leaving"


@dataclass(frozen=True, slots=True)
class HeldKey:
    """A key of the file; ``since`` is when it became what it is, None for the first ever."""

    key_id: str
    use: KeyUse
    since: datetime | None


@dataclass(frozen=True, slots=True)
class RotateKeys:
    """Announce a key, let it sign, retire the one before: each a step of its own, in this order.

    Every step is told to running services in a ring signed by a key they trust by then.
    """

    path: Path
    clock: Clock

    def held(self) -> list[HeldKey]:
        """Return the keys of the file, the one that signs first."""
        return _held(self._read())

    def announce(self) -> list[HeldKey]:
        """Add a new key, which services learn to trust and nothing is signed with yet.

        Raises:
            KeysNotInStep: another change of keys is under way.
        """
        with self._locked() as file:
            if len(file.keys) > 1:
                raise KeysNotInStep(step="announce", use=_held(file)[1].use.value)
            keys = (*file.keys, Ed25519PrivateKey.generate())
            return self._store(KeyFile(keys, file.rings))

    def rotate(self, *, overlap: timedelta = OVERLAP) -> list[HeldKey]:
        """Sign with the announced key from now on; the one before stays trusted.

        Raises:
            KeysNotInStep: no key is announced.
            KeyTooNew: it was announced less than ``overlap`` ago.
        """
        with self._locked() as file:
            self._check(file, "rotate", KeyUse.ANNOUNCED, overlap)
            return self._store(KeyFile(tuple(reversed(file.keys)), file.rings))

    def retire(self, *, overlap: timedelta = OVERLAP) -> list[HeldKey]:
        """Forget the key that signed before; services stop to trust it.

        Raises:
            KeysNotInStep: no key is leaving.
            KeyTooNew: signing moved less than ``overlap`` ago.
        """
        with self._locked() as file:
            self._check(file, "retire", KeyUse.LEAVING, overlap)
            return self._store(KeyFile(file.keys[:1], file.rings))

    def _check(self, file: KeyFile, step: str, wanted: KeyUse, overlap: timedelta) -> None:
        held = _held(file)
        other = held[1] if len(held) > 1 else held[0]
        if other.use is not wanted:
            raise KeysNotInStep(step=step, use=other.use.value)
        due = (other.since or self.clock.now()) + overlap
        if self.clock.now() < due:
            raise KeyTooNew(step=step, key_id=other.key_id, due=instant_text(due))

    def _store(self, file: KeyFile) -> list[HeldKey]:
        told = file.told(self.clock.now())
        replace_key_file(self.path, told)
        return _held(told)

    def _read(self) -> KeyFile:
        if not self.path.exists():
            create_key_file(self.path)
        return read_key_file(self.path)

    @contextmanager
    def _locked(self) -> Iterator[KeyFile]:
        """Let nobody else change the file meanwhile; who reads it is not hindered."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.with_name(f".{self.path.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield self._read()


def _held(file: KeyFile) -> list[HeldKey]:
    """Tell the keys apart: whoever signed a ring has signed; the others are only announced."""
    signed = {ring.key_id for ring in file.rings}
    last = file.last_ring
    since = last.issued_at if last else None
    held = []
    for number, key_id in enumerate(key_id_of(key.public_key()) for key in file.keys):
        other = KeyUse.LEAVING if key_id in signed else KeyUse.ANNOUNCED
        held.append(HeldKey(key_id, KeyUse.SIGNING if number == 0 else other, since))
    return held
