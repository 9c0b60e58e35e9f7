"""The public keys that a service trusts, and how they change while it runs.

The control plane tells of new keys in a ring: the whole set with a serial number, signed by a key
of the ring before it. Whoever knows any ring of the chain can follow it to its end.
Source of the idea: The Update Framework, section 5.3 (root metadata, each signed by the last).
"""

import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from control_plane.kernel.calendar import instant_text
from control_plane.kernel.canonical import canonical_json
from control_plane.kernel.errors import TallyardError
from control_plane.sdk.envelope import (
    Envelope,
    key_id_of,
    parse_public_key,
    public_key_text,
    verify,
)
from control_plane.sdk.reading import MESSAGE_FORMAT, read_message


@dataclass(frozen=True, slots=True)
class Ring:
    """Every key to be trusted from now on, in place of those before. ``serial`` only ever grows."""

    serial: int
    issued_at: datetime
    keys: Mapping[str, Ed25519PublicKey]

    def to_bytes(self) -> bytes:
        """Return the canonical bytes that are signed."""
        return canonical_json(
            {
                "kind": "keys",
                "format": MESSAGE_FORMAT,
                "serial": self.serial,
                "issued_at": instant_text(self.issued_at),
                "keys": {key_id: public_key_text(key) for key_id, key in self.keys.items()},
            }
        )


def parse_ring(data: bytes) -> Ring:
    """Read a ring.

    Raises:
        SnapshotInvalid: another kind or format, a member that is wrong, no key at all, or a key
            under an id that is not its own.
        EnvelopeInvalid: a key that is not 32 bytes.
    """
    reader = read_message(data, "keys", None)
    texts = reader.child("keys")
    keys = {key_id: parse_public_key(texts.text(key_id)) for key_id in texts}
    if not keys or any(key_id_of(key) != key_id for key_id, key in keys.items()):
        raise texts.refuse("is empty, or has a key under another key's id")
    return Ring(reader.whole("serial"), reader.instant("issued_at"), keys)


class KeyRing(Mapping[str, Ed25519PublicKey]):
    """The keys trusted now: a mapping that ``verify`` reads, safe to share between threads.

    It starts with what the service was given, which counts as serial 0.
    """

    def __init__(self, keys: Mapping[str, Ed25519PublicKey]) -> None:
        self._keys: Mapping[str, Ed25519PublicKey] = dict(keys)
        self._lock = threading.Lock()
        self._applied: tuple[Envelope, ...] = ()
        self.serial = 0

    def __getitem__(self, key_id: str) -> Ed25519PublicKey:
        return self._keys[key_id]

    def get(self, key_id: str, default: Any = None) -> Any:
        """Return a key, or ``default`` where it is not trusted."""
        return self._keys.get(key_id, default)

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def applied(self) -> tuple[Envelope, ...]:
        """Every ring taken so far, in order: what a later start has to apply again."""
        return self._applied

    def apply(self, envelope: Envelope) -> bool:
        """Take a ring that a key trusted now has signed; False if it is no newer than the last.

        Raises:
            SignatureInvalid: not signed by a key that is trusted now.
            SnapshotInvalid, EnvelopeInvalid: malformed.
        """
        with self._lock:
            ring = parse_ring(verify(envelope, self._keys))
            if ring.serial <= self.serial:
                return False
            self._keys, self.serial = dict(ring.keys), ring.serial
            self._applied = (*self._applied, envelope)
            return True

    def follow(self, chain: Iterable[Envelope]) -> list[TallyardError]:
        """Take every ring of a chain that can be taken, in order, and return why others were not.

        A service that was given newer keys than the chain's first cannot verify those, and need
        not; the last one is what counts.
        """
        refused: list[TallyardError] = []
        for envelope in chain:
            try:
                self.apply(envelope)
            except TallyardError as error:
                refused.append(error)
        return refused

    def before_fork(self) -> None:
        """Let no child inherit the lock held."""
        self._lock.acquire()

    def after_fork_in_parent(self) -> None:
        """Go on."""
        self._lock.release()

    def after_fork_in_child(self) -> None:
        """Go on, with a lock of the child's own."""
        self._lock = threading.Lock()
