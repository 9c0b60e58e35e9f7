"""Every write happens once per ``Idempotency-Key``, because one transaction says so.

The key's row, the use case's effect, its audit entry and its outbox messages
commit together: the use case joins the transaction opened here. A repeated
request gets the stored answer; a concurrent one waits for the first. A refused
request (4xx, 5xx) leaves nothing behind and may be repeated under its key.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.kernel.clock import Clock
from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import UnitOfWork
from web.edge.body import form_value, is_write, read_body
from web.edge.context import header
from web.edge.errors import (
    IdempotencyKeyInvalid,
    IdempotencyKeyMissing,
    IdempotencyKeyReused,
)
from web.edge.tenant import principal_of, tenant_of_write

FORM_FIELD = "_idempotency_key"
_KEY = re.compile(r"^[\x21-\x7e]{1,255}$")
_FIRST_REFUSAL = 400


def takes_key(opt: Mapping[str, Any]) -> bool:
    """Tell by a route's options whether its writes carry an ``Idempotency-Key``."""
    return bool(opt.get("idempotent", not opt.get("public", False)))


class _Refused(Exception):
    """The use case refused: roll back, then send its answer."""


@dataclass(slots=True)
class _Answer:
    """A response held back until its transaction has committed."""

    messages: list[Message] = field(default_factory=list)

    async def collect(self, message: Message) -> None:
        self.messages.append(message)

    def must_not_be_a_refusal(self) -> None:
        """Roll the transaction back when the use case refused.

        Raises:
            _Refused: the status is 400 or above.
        """
        if self.status >= _FIRST_REFUSAL:
            raise _Refused

    @property
    def status(self) -> int:
        return next(m["status"] for m in self.messages if m["type"] == "http.response.start")

    def header(self, name: bytes) -> str | None:
        start = next(m for m in self.messages if m["type"] == "http.response.start")
        found = (v for k, v in start.get("headers", []) if k.lower() == name)
        value = next(found, None)
        return value.decode("latin-1") if value is not None else None

    @property
    def body(self) -> bytes:
        return b"".join(
            m.get("body", b"") for m in self.messages if m["type"] == "http.response.body"
        )


@dataclass(frozen=True, slots=True)
class IdempotencyMiddleware:
    """Wraps every authenticated write.

    ``opt={"idempotent": False}`` leaves out a route whose messages have an identity of their
    own: usage events, webhooks.
    """

    app: ASGIApp
    work: UnitOfWork
    clock: Clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the write once per key, or replay its stored answer."""
        if not self._concerned(scope):
            await self.app(scope, receive, send)
            return
        tenant_id = tenant_of_write(scope)
        body, replay = await read_body(scope, receive)
        if tenant_id is None:  # nobody's data: the use case answers for itself
            await self.app(scope, replay, send)
            return
        key = _key(scope, body)
        answer = _Answer()
        try:
            async with self.work(tenant_id) as session:
                stored = await self._claim(session, tenant_id, key, _digest(scope, body))
                if stored is not None:
                    await _replay(stored, send)
                    return
                await self.app(scope, replay, answer.collect)
                answer.must_not_be_a_refusal()
                await _store(session, tenant_id, key, answer, _redacted(scope))
        except _Refused:
            pass
        for message in answer.messages:
            await send(message)

    def _concerned(self, scope: Scope) -> bool:
        if scope["type"] != ScopeType.HTTP or not is_write(scope):
            return False
        return takes_key(scope["route_handler"].opt)

    async def _claim(
        self, session: AsyncSession, tenant_id: TenantId, key: str, digest: str
    ) -> Any | None:
        """Take the key, or give the row of whoever had it before."""
        taken = await session.execute(
            text(
                "INSERT INTO idempotency_keys (tenant_id, key, request_hash, created_at) "
                "VALUES (:tenant_id, :key, :digest, :now) ON CONFLICT DO NOTHING RETURNING 1"
            ),
            {"tenant_id": tenant_id, "key": key, "digest": digest, "now": self.clock.now()},
        )
        if taken.scalar_one_or_none() is not None:
            return None
        row = (
            await session.execute(
                text(
                    "SELECT request_hash, status, media_type, location, body "
                    "FROM idempotency_keys WHERE tenant_id = :tenant_id AND key = :key"
                ),
                {"tenant_id": tenant_id, "key": key},
            )
        ).one()
        if row.request_hash != digest:
            raise IdempotencyKeyReused(value=key, field="Idempotency-Key")
        return row


def _key(scope: Scope, body: bytes) -> str:
    key = header(scope, b"idempotency-key") or form_value(scope, body, FORM_FIELD)
    if not key:
        raise IdempotencyKeyMissing(field="Idempotency-Key")
    if not _KEY.match(key):
        raise IdempotencyKeyInvalid(value=key, field="Idempotency-Key")
    return key


def _digest(scope: Scope, body: bytes) -> str:
    """Tell requests apart, callers included: nobody is given an answer to somebody else."""
    principal = principal_of(scope)
    parts = (
        principal.actor if principal else "",
        str(scope.get("method")),
        scope["path"],
        scope.get("query_string", b"").decode("latin-1"),
    )
    return hashlib.sha256("\n".join(parts).encode() + b"\n" + body).hexdigest()


def _redacted(scope: Scope) -> tuple[str, ...]:
    """Name the members of the answer that are shown once and never stored."""
    return tuple(scope["route_handler"].opt.get("shown_once", ()))


async def _store(
    session: AsyncSession, tenant_id: TenantId, key: str, answer: _Answer, secret: tuple[str, ...]
) -> None:
    body = answer.body
    if secret:
        body = _without(body, secret)
    await session.execute(
        text(
            "UPDATE idempotency_keys SET status = :status, media_type = :media_type, "
            "location = :location, body = :body WHERE tenant_id = :tenant_id AND key = :key"
        ),
        {
            "status": answer.status,
            "media_type": answer.header(b"content-type"),
            "location": answer.header(b"location"),
            "body": body,
            "tenant_id": tenant_id,
            "key": key,
        },
    )


def _without(body: bytes, secret: tuple[str, ...]) -> bytes:
    try:
        document = json.loads(body)
    except ValueError:  # a page: it holds the secret somewhere, so nothing of it is kept
        return b""
    for name in secret:
        if name in document:
            document[name] = None
    return json.dumps(document).encode()


async def _replay(row: Any, send: Send) -> None:
    headers = [(b"idempotency-replayed", b"true")]
    if row.media_type:
        headers.append((b"content-type", row.media_type.encode("latin-1")))
    if row.location:
        headers.append((b"location", row.location.encode("latin-1")))
    body = bytes(row.body or b"")
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": row.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
