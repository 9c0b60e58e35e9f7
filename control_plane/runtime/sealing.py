"""Secrets that must be read again are kept encrypted, so that a copy of the database tells none.

AES-256-GCM (NIST SP 800-38D) under a key derived from the secret key; what a text belongs to is
authenticated with it, so that it cannot be moved to another row.
"""

import hashlib
import hmac
import os
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from control_plane.kernel.errors import ErrorKind, TallyardError

_NONCE_BYTES = 12
_VERSION = b"\x01"


class SealBroken(TallyardError):
    """A secret was sealed under another secret key, or its row was tampered with."""

    code = "seal_broken"
    kind = ErrorKind.CONFLICT
    message = "A stored secret cannot be read: it was stored under another secret key."
    remedy = "Make it anew, or start the process with the key it was stored under."


@dataclass(frozen=True, slots=True)
class Sealer:
    """Seals and opens texts of one purpose."""

    secret_key: str
    purpose: str

    def seal(self, text: str, belongs_to: bytes) -> bytes:
        """Encrypt a text for the row that ``belongs_to`` names."""
        nonce = os.urandom(_NONCE_BYTES)
        return _VERSION + nonce + self._cipher().encrypt(nonce, text.encode(), belongs_to)

    def open(self, sealed: bytes, belongs_to: bytes) -> str:
        """Return the text.

        Raises:
            SealBroken: another key sealed it, or it belongs elsewhere.
        """
        nonce, body = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            return self._cipher().decrypt(nonce, body, belongs_to).decode()
        except (InvalidTag, ValueError) as error:
            raise SealBroken from error

    def _cipher(self) -> AESGCM:
        name = f"seal:{self.purpose}".encode()
        return AESGCM(hmac.new(self.secret_key.encode(), name, hashlib.sha256).digest())
