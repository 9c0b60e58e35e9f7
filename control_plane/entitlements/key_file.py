"""The file of signing keys: who signs now, who will or did, and how services were told.

PEM blocks in a row: private keys, the first of which signs, then every key ring ever signed, in
order. One file, replaced whole, so that copying it to another machine copies all of it.
"""

import os
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from control_plane.entitlements.errors import SigningKeyExposed, SigningKeyInvalid
from control_plane.kernel.errors import TallyardError
from control_plane.sdk.envelope import Envelope, key_id_of, sign
from control_plane.sdk.keyring import Ring, parse_ring

_OWNER_ONLY = 0o600
_OTHERS = 0o077
_RING = "TALLYARD KEY RING"
_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----\n(.*?)-----END \1-----", re.DOTALL)


@dataclass(frozen=True, slots=True)
class KeyFile:
    """Private keys, the first of which signs, and the chain of rings that told of their changes."""

    keys: tuple[Ed25519PrivateKey, ...]
    rings: tuple[Envelope, ...] = ()

    @property
    def signing(self) -> Ed25519PrivateKey:
        """The key that signs."""
        return self.keys[0]

    @property
    def public_keys(self) -> dict[str, Ed25519PublicKey]:
        """The keys that services are to trust."""
        return {key_id_of(key.public_key()): key.public_key() for key in self.keys}

    @property
    def known_keys(self) -> dict[str, Ed25519PublicKey]:
        """Every key that ever signed here, retired ones too."""
        known: dict[str, Ed25519PublicKey] = {}
        for envelope in self.rings:
            known.update(parse_ring(envelope.payload).keys)
        return {**known, **self.public_keys}

    @property
    def last_ring(self) -> Ring | None:
        """The newest ring, None before the first change."""
        return parse_ring(self.rings[-1].payload) if self.rings else None

    def told(self, at: datetime) -> "KeyFile":
        """Return this with one more ring, of the keys that there are, signed by the first."""
        last = self.last_ring
        ring = Ring((last.serial if last else 0) + 1, at, self.public_keys)
        signer = self.signing
        envelope = sign(ring.to_bytes(), signer, key_id_of(signer.public_key()))
        return KeyFile(self.keys, (*self.rings, envelope))

    def to_text(self) -> str:
        """Return what the file holds."""
        keys = [
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
            for key in self.keys
        ]
        rings = [
            f"-----BEGIN {_RING}-----\n{ring.to_header()}\n-----END {_RING}-----\n"
            for ring in self.rings
        ]
        return "".join([*keys, *rings])


def read_key_file(path: Path) -> KeyFile:
    """Read the file.

    Raises:
        SigningKeyExposed: group or others may read it.
        SigningKeyInvalid: it holds something else.
        FileNotFoundError: there is none.
    """
    if path.stat().st_mode & _OTHERS:
        raise SigningKeyExposed(path=path)
    keys: list[Ed25519PrivateKey] = []
    rings: list[Envelope] = []
    try:
        for block in _BLOCK.finditer(path.read_text(encoding="ascii")):
            if block[1] == _RING:
                rings.append(Envelope.from_header("".join(block[2].split())))
                parse_ring(rings[-1].payload)
                continue
            key = load_pem_private_key(block[0].encode() + b"\n", password=None)
            if not isinstance(key, Ed25519PrivateKey):
                raise SigningKeyInvalid(path=path)
            keys.append(key)
    except (ValueError, TypeError, TallyardError):
        raise SigningKeyInvalid(path=path) from None
    if not keys:
        raise SigningKeyInvalid(path=path)
    return KeyFile(tuple(keys), tuple(rings))


def create_key_file(path: Path) -> None:
    """Make the file with a new key, whole or not at all; of two who try, one's key stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = _draft(path, KeyFile((Ed25519PrivateKey.generate(),)))
    try:
        os.link(draft, path)
    except FileExistsError:
        pass  # another process was first; its key is the one
    finally:
        draft.unlink()


def replace_key_file(path: Path, file: KeyFile) -> None:
    """Put ``file`` in place of what is there, whole or not at all."""
    _draft(path, file).replace(path)


def _draft(path: Path, file: KeyFile) -> Path:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(file.to_text())
        stream.flush()
        os.fsync(stream.fileno())
    return draft
