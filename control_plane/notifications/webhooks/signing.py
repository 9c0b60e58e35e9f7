"""Signatures: Standard Webhooks 1.0.0 (symmetric, ``v1``) and the one of DingTalk's robots."""

import base64
import hashlib
import hmac
import os
from collections.abc import Sequence
from urllib.parse import urlencode, urlsplit, urlunsplit

_PREFIX = "whsec_"
_SECRET_BYTES = 32  # the specification asks for 24 to 64


def new_secret() -> str:
    """Make a signing secret: ``whsec_`` and 32 random bytes in base 64."""
    return _PREFIX + base64.b64encode(os.urandom(_SECRET_BYTES)).decode()


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Sign ``id.timestamp.body`` with HMAC-SHA256: ``v1,`` and the digest in base 64."""
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def signature_headers(
    secrets: Sequence[str], message_id: str, timestamp: int, body: bytes
) -> dict[str, str]:
    """Return the three headers; every secret in force signs, the newest first."""
    signed = (signature(secret, message_id, timestamp, body) for secret in secrets)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signed),
    }


def dingtalk_url(url: str, secret: str, milliseconds: int) -> str:
    """Add ``timestamp`` and ``sign`` to a robot's address.

    As open.dingtalk.com says (custom robots, security settings): HMAC-SHA256 under the secret of
    the timestamp in milliseconds, a line feed and the secret, in base 64, then percent-encoded.
    """
    said = f"{milliseconds}\n{secret}".encode()
    digest = hmac.new(secret.encode(), said, hashlib.sha256).digest()
    sign = {"timestamp": str(milliseconds), "sign": base64.b64encode(digest).decode()}
    parts = urlsplit(url)
    query = "&".join(part for part in (parts.query, urlencode(sign)) if part)
    return urlunsplit(parts._replace(query=query))
