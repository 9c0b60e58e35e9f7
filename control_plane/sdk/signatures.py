"""Whether an Ed25519 signature holds: by libsodium where PyNaCl is installed, else by OpenSSL.

Source: RFC 8032, section 5.1.7. Verifying is the dearest step of taking in a change, and libsodium
does so with one of a few kilobytes in little more than half of the time.
"""

from collections.abc import Callable

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

try:
    from nacl.bindings import crypto_sign_BYTES as SIGNATURE_BYTES
    from nacl.bindings import crypto_sign_open
    from nacl.exceptions import BadSignatureError
except ImportError:  # it only makes verifying faster
    _SODIUM = False
else:
    _SODIUM = True

Holds = Callable[[Ed25519PublicKey, bytes, bytes], bool]
"""Tells of a key, a signature and what was signed whether they belong together."""


def holds_by_openssl(key: Ed25519PublicKey, signature: bytes, payload: bytes) -> bool:
    """Verify with `cryptography`."""
    try:
        key.verify(signature, payload)
    except InvalidSignature:
        return False
    return True


def holds_by_sodium(key: Ed25519PublicKey, signature: bytes, payload: bytes) -> bool:
    """Verify with PyNaCl."""
    # It takes both in one piece: where the one ends and the other begins has to be known.
    if len(signature) != SIGNATURE_BYTES:
        return False
    try:
        crypto_sign_open(signature + payload, key.public_bytes_raw())
    except BadSignatureError:
        return False
    return True


holds: Holds = holds_by_sodium if _SODIUM else holds_by_openssl
