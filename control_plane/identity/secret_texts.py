"""Secrets that callers carry: 256 random bits, stored as SHA-256 and shown once.

No slow hash is needed: nobody guesses 256 bits.
"""

import secrets

from control_plane.kernel.canonical import sha256_hex

API_KEY = "tyk_"
SERVICE_TOKEN = "tys_"  # noqa: S105 - a prefix that tells what a secret is, not a secret
SESSION = "tyn_"
_SHOWN = 6


def new_secret(prefix: str = "") -> str:
    """Return ``prefix`` and 256 random bits as 43 URL-safe characters."""
    return prefix + secrets.token_urlsafe(32)


def secret_hash(secret: str) -> str:
    """Return the SHA-256 of the whole text, prefix included, as 64 hex digits."""
    return sha256_hex(secret.encode())


def shown_prefix(secret: str) -> str:
    """Return the beginning of an API key, by which people recognise it in a list."""
    return secret[: len(API_KEY) + _SHOWN]
