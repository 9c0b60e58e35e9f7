"""Passwords: argon2id, hashed off the event loop."""

import asyncio
import secrets
import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from control_plane.identity.errors import PasswordTooLong, PasswordTooShort

LEAST = 10
MOST = 1_000

_HASHER = PasswordHasher()  # argon2id with the parameters of RFC 9106's second choice


def checked_password(password: str) -> str:
    """Return the password in one normal form (NIST SP 800-63B, section 5.1.1.2).

    Raises:
        PasswordTooShort: under `LEAST` characters.
        PasswordTooLong: over `MOST` characters.
    """
    normal = unicodedata.normalize("NFKC", password)
    if len(normal) < LEAST:
        raise PasswordTooShort(least=LEAST, field="password")
    if len(normal) > MOST:
        raise PasswordTooLong(most=MOST, field="password")
    return normal


async def hash_password(password: str) -> str:
    """Hash a password, in the normal form that `verify_password` compares."""
    return await asyncio.to_thread(_HASHER.hash, unicodedata.normalize("NFKC", password))


async def verify_password(stored: str | None, password: str) -> bool:
    """Tell whether the password fits, in the same time when there is nothing to fit.

    An unknown person costs as much as a known one, so that the time taken tells
    nobody who has an account.
    """
    normal = unicodedata.normalize("NFKC", password[:MOST])
    fits = await asyncio.to_thread(_verify, stored or _nobody(), normal)
    return fits and stored is not None


def needs_rehash(stored: str) -> bool:
    """Tell whether a hash was made with weaker parameters than today's."""
    return _HASHER.check_needs_rehash(stored)


def _verify(stored: str, password: str) -> bool:
    try:
        return _HASHER.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobody() -> str:
    return _HASHER.hash(secrets.token_hex(32))
