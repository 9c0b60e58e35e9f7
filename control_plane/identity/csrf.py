"""The token that proves a form came from our own page."""

import hashlib
import hmac


def csrf_token(secret_key: str, session_secret: str) -> str:
    """Return the token of a session: it ends with the session and fits no other."""
    return hmac.new(
        secret_key.encode(), b"csrf:" + session_secret.encode(), hashlib.sha256
    ).hexdigest()


def csrf_valid(secret_key: str, session_secret: str, given: str) -> bool:
    """Compare a token that came with a request, in constant time."""
    expected = csrf_token(secret_key, session_secret)
    return hmac.compare_digest(expected.encode(), given.encode())
