"""The short way of requests that come by the thousand: answered before the framework is asked.

Of a usage event or a check, most of the time went into finding the route, filling in arguments
and wrapping the answer. Here an ordinary one is recognised by one look at its headers, and
answered by the same use case, with the same headers, counted and logged alike. Whatever is not
ordinary goes the long way, and so does every refusal: only one place knows how to refuse.
"""

import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, TypeAlias
from uuid import UUID

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Receive, ReceiveMessage, Scope, Send

from control_plane.identity.domain import Permission, permits
from control_plane.kernel.ids import TenantId, format_id
from web.edge.authentication import Authenticate
from web.edge.context import (
    FAILED,
    FOUND,
    REQUEST_ID,
    SECURITY_HEADERS,
    language_of,
    request_id_of,
    trace_of,
)
from web.edge.errors import RequestsUnderWay
from web.metrics import STARTED, Noted

_HOST: Final = re.compile(rb"[A-Za-z0-9.-]{1,255}(?::[0-9]{1,5})?")
_LENGTH: Final = re.compile(rb"[0-9]{1,10}")
_BEARER: Final = b"Bearer "
_SAID: Final = frozenset({b"host", b"authorization", b"content-type", b"content-length"})
_UNUSUAL: Final = frozenset(
    {b"content-encoding", b"transfer-encoding", b"cookie", b"ce-specversion"}
)


class TakeTheLongWay(Exception):
    """Raised by what answers shortly, where only the long way knows the answer."""


@dataclass(frozen=True, slots=True)
class Asked:
    """An ordinary request of a tenant: ``length`` bytes that are read once they are wanted."""

    tenant_id: TenantId
    length: int
    read: Callable[[], Awaitable[bytes]]
    _scope: HTTPScope

    @property
    def language(self) -> str:
        """What its reader wants told in."""
        return language_of(self._scope)


Answer: TypeAlias = Callable[[Asked], Awaitable[bytes]]
"""Gives the JSON of a 200, or raises what the long way then tells."""


@dataclass(frozen=True, slots=True)
class Short:
    """What is answered shortly under one path: POSTs of these media types, up to ``largest`` bytes.

    ``answer`` must have changed nothing when it raises `TakeTheLongWay`.
    """

    answer: Answer
    permission: Permission
    media_types: frozenset[bytes]
    largest: int


@dataclass(slots=True)
class ShortWay:
    """Stands before the framework's application, ``app``, and answers ``shorts`` by their paths.

    Beyond ``most`` requests under way, streams among them, the next ones are refused, but for those
    that ask after the process's health.
    """

    app: ASGIApp
    authenticate: Authenticate
    shorts: dict[str, Short] = field(default_factory=dict)
    most: int = 1_000
    under_way: int = field(default=0, init=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer an ordinary request, or pass it on as it came."""
        if scope["type"] != ScopeType.HTTP or scope["path"].startswith("/health"):
            await self.app(scope, receive, send)
        elif self.under_way >= self.most:
            refusal = RequestsUnderWay(most=self.most)
            await self._hand_on({FAILED: refusal}, scope, receive, send)
        else:
            self.under_way += 1
            try:
                await self._either_way(scope, receive, send)
            finally:
                self.under_way -= 1

    async def _either_way(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        if scope["method"] == "POST":
            short = self.shorts.get(scope["path"])
            if short is not None and (ordinary := _ordinary(scope, short)) is not None:
                await self._shortly(short, *ordinary, scope, receive, send)
                return
        await self.app(scope, receive, send)

    async def _shortly(
        self, short: Short, secret: str, length: int, scope: HTTPScope, receive: Receive, send: Send
    ) -> None:
        begun: dict[str, object] = {STARTED: (started := time.perf_counter())}
        try:
            principal = await self.authenticate(secret)
        except Exception as failed:  # noqa: BLE001 - whatever it is, it is told the long way
            await self._hand_on({**begun, FAILED: failed}, scope, receive, send)
            return
        begun[FOUND] = principal
        tenant_id = principal.tenant_id if principal else None
        if principal is None or tenant_id is None or not permits(principal, short.permission):
            await self._hand_on(begun, scope, receive, send)
            return
        request_id = begun[REQUEST_ID] = request_id_of(scope)
        structlog.contextvars.bind_contextvars(
            request_id=request_id,
            trace_id=trace_of(scope) or request_id,
            tenant_id=_shown(tenant_id),
        )
        body = _Body(receive, length)
        try:
            answer = await short.answer(Asked(tenant_id, length, body.read, scope))
        except TakeTheLongWay:
            await self._hand_on(begun, scope, body.replay, send)
        except Exception as failed:  # noqa: BLE001 - whatever it is, it is told the long way
            await self._hand_on({**begun, FAILED: failed}, scope, body.replay, send)
        except BaseException:  # the caller is gone, or the process about to
            _noted(scope["path"], 500).note(time.perf_counter() - started)
            raise
        else:
            try:
                await _send(answer, request_id, send)
            finally:
                _noted(scope["path"], 200).note(time.perf_counter() - started)

    async def _hand_on(
        self, begun: dict[str, object], scope: HTTPScope, receive: Receive, send: Send
    ) -> None:
        """Let the long way go on from what was found out."""
        state = scope.setdefault("state", {})
        state.update(begun)
        try:
            await self.app(scope, receive, send)
        finally:
            # An error knows where it came from, and so this request and all of its body.
            state.pop(FAILED, None)


def _ordinary(scope: HTTPScope, short: Short) -> tuple[str, int] | None:
    """Return the secret and how long the body is, where nothing asks for a closer look."""
    given = list(scope["headers"])
    headers = dict(given)
    if len(headers) != len(given) or scope["query_string"]:
        return None
    if not headers.keys() >= _SAID or not _UNUSUAL.isdisjoint(headers):
        return None
    length, authorization = headers[b"content-length"], headers[b"authorization"]
    if (
        headers[b"content-type"] not in short.media_types
        or not authorization.startswith(_BEARER)
        or not _LENGTH.fullmatch(length)
        or int(length) > short.largest
        or not _HOST.fullmatch(headers[b"host"])
    ):
        return None
    return authorization[len(_BEARER) :].decode("latin-1"), int(length)


@dataclass(slots=True)
class _Body:
    receive: Receive
    length: int
    _taken: list[ReceiveMessage] = field(default_factory=list)

    async def read(self) -> bytes:
        """Return the whole body.

        Raises:
            TakeTheLongWay: it does not come, or is not as long as was said.
        """
        parts: list[bytes] = []
        left, more = self.length, True
        while more:
            message = await self.receive()
            more = message["type"] == "http.request" and message.get("more_body", False)
            if more and not message["body"]:  # type: ignore[typeddict-item] # it is one
                continue
            self._taken.append(message)
            if message["type"] != "http.request":
                raise TakeTheLongWay
            parts.append(message["body"])
            left -= len(message["body"])
            more = more and left >= 0
        if left != 0:
            raise TakeTheLongWay
        body = b"".join(parts)
        self._taken = [{"type": "http.request", "body": body, "more_body": False}]  # once only
        return body

    async def replay(self) -> ReceiveMessage:
        """Receive once more what was read, and then what comes."""
        return self._taken.pop(0) if self._taken else await self.receive()


async def _send(answer: bytes, request_id: str, send: Send) -> None:
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(answer)).encode()),
        (b"x-request-id", request_id.encode()),
        *SECURITY_HEADERS,
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer, "more_body": False})


@lru_cache(4096)
def _shown(tenant_id: UUID) -> str:
    return format_id("ten", tenant_id)


@lru_cache(64)
def _noted(path: str, status: int) -> Noted:
    return Noted("POST", path, status)
