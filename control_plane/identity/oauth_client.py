"""Authlib's client, imported without its advice to whoever reads the terminal.

Authlib prefers ``httpx2`` and warns loudly about the ``httpx`` that is here,
which it goes on supporting.
"""

import warnings

from authlib.deprecate import AuthlibDeprecationWarning

with warnings.catch_warnings():
    warnings.simplefilter("ignore", AuthlibDeprecationWarning)
    from authlib.integrations.httpx_client import AsyncOAuth2Client
    from authlib.integrations.httpx_client._compat import httpx2 as _transport

TransportError: type[Exception] = _transport.HTTPError
"""What the client raises when nobody answers, or answers with an error status."""

__all__ = ["AsyncOAuth2Client", "TransportError"]
