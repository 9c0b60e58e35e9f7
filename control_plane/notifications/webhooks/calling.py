"""Calls an endpoint: one POST, to a permitted address, of which a little of the answer is read."""

import errno
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import aiohttp

from control_plane.notifications.webhooks.guard import Guard

MOST_READ = 4_096
"""Bytes of an answer that are read, whatever more there is."""

TIMEOUT_SECONDS = 15
"""For all of a call. The specification recommends 15 to 30 seconds."""

_REFUSED = "the address is not a public one"


class AddressRefused(OSError):
    """The name stands for an address that may not be called."""


@dataclass(frozen=True, slots=True)
class Call:
    """A POST that is ready to leave."""

    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a call: a status with the beginning of the body, or the reason for none."""

    milliseconds: int
    status: int | None = None
    body: bytes = b""
    error: str | None = None
    retry_after: timedelta = timedelta(0)


@dataclass(slots=True)
class Caller:
    """Makes calls. Redirects are not followed, and no proxy of the environment is used.

    The guard looks at the very address that a connection is opened to, after the name was looked
    up: a name that says one thing first and another later is no way around it.
    """

    guard: Guard
    timeout_seconds: float = TIMEOUT_SECONDS
    _session: aiohttp.ClientSession | None = field(default=None)

    async def __call__(self, call: Call) -> Answer:
        """Make a call and say what came of it; nothing is raised for what the other side does."""
        started = time.monotonic()
        try:
            found = await self._post(call)
        except (aiohttp.ClientError, OSError, ValueError, TimeoutError) as error:
            found = Answer(0, error=_reason(error))
        spent = int((time.monotonic() - started) * 1000)
        return Answer(spent, found.status, found.body, found.error, found.retry_after)

    async def _post(self, call: Call) -> Answer:
        posting = self._opened().post(
            call.url, data=call.body, headers=call.headers, allow_redirects=False
        )
        async with posting as response:
            body = await _beginning(response)
            after = _retry_after(response.headers.get("Retry-After", ""))
            return Answer(0, response.status, body, retry_after=after)

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(
                limit=0, force_close=True, use_dns_cache=False, socket_factory=self._socket
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                timeout=aiohttp.ClientTimeout(total=self.timeout_seconds),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
            )
        return self._session

    def _socket(self, found: tuple[Any, ...]) -> socket.socket:
        family, kind, protocol, _, address = found
        if not self.guard.permits(str(address[0])):
            raise AddressRefused(errno.EACCES, _REFUSED)
        return socket.socket(family=family, type=kind, proto=protocol)

    async def close(self) -> None:
        """Let go of the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None


async def _beginning(response: aiohttp.ClientResponse) -> bytes:
    read = bytearray()
    while len(read) < MOST_READ and (chunk := await response.content.read(MOST_READ - len(read))):
        read += chunk
    return bytes(read)


def _retry_after(text: str) -> timedelta:
    """Read whole seconds; a date is passed over."""
    short = text.isascii() and text.isdigit() and len(text) < len("1000000")
    return timedelta(seconds=int(text)) if short else timedelta(0)


def _reason(error: BaseException) -> str:
    """Say in a few words why there is no answer; nothing of our own network is told."""
    if _REFUSED in str(error):
        return "address_refused"
    for kind, reason in _REASONS:
        if isinstance(error, kind):
            return reason
    return "connection_failed"


_REASONS: tuple[tuple[type[BaseException], str], ...] = (
    (TimeoutError, "timeout"),
    (aiohttp.ClientConnectorDNSError, "name_not_found"),
    (aiohttp.ClientConnectorCertificateError, "certificate_invalid"),
    (aiohttp.ClientSSLError, "tls_failed"),
    (ssl.SSLError, "tls_failed"),
    (aiohttp.InvalidURL, "url_invalid"),
    (aiohttp.ServerDisconnectedError, "connection_closed"),
)
