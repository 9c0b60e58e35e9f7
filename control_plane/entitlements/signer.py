"""The one holder of the private key that snapshots, heartbeats and commands are signed with."""

import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from control_plane.entitlements.errors import SigningKeyExposed, SigningKeyInvalid
from control_plane.sdk.envelope import (
    Envelope,
    generate_key_pair,
    key_id_of,
    public_keys_text,
    sign,
)

_OWNER_ONLY = 0o600
_OTHERS = 0o077


class Signer:
    """Signs with one Ed25519 key. The key itself never leaves this object."""

    __slots__ = ("_key", "key_id")

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.key_id = key_id_of(key.public_key())

    @classmethod
    def load(cls, path: Path) -> "Signer":
        """Read the key file, making one with a new key (mode 0600) where there is none.

        Raises:
            SigningKeyExposed: group or others may read the file.
            SigningKeyInvalid: it holds something else.
        """
        if not path.exists():
            _create(path)
        if path.stat().st_mode & _OTHERS:
            raise SigningKeyExposed(path=path)
        try:
            key = load_pem_private_key(path.read_bytes(), password=None)
        except (ValueError, TypeError):
            raise SigningKeyInvalid(path=path) from None
        if not isinstance(key, Ed25519PrivateKey):
            raise SigningKeyInvalid(path=path)
        return cls(key)

    def sign(self, payload: bytes) -> Envelope:
        """Sign bytes as they are."""
        return sign(payload, self._key, self.key_id)

    def public_keys_text(self) -> str:
        """Return the key ring that modules verify with, as ``TALLYARD_PUBLIC_KEYS`` holds it."""
        return public_keys_text({self.key_id: self._key.public_key()})


def _create(path: Path) -> None:
    """Write a new key, whole or not at all; of two processes that try, one key stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    private_key, _ = generate_key_pair()
    text = private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        pass  # another process was first; its key is the one
    finally:
        draft.unlink()
