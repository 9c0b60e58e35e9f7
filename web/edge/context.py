"""The outermost layer: request id, language, log context and security headers."""

import re
from typing import Final

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from control_plane.kernel.ids import new_id
from web.i18n import negotiate, normalise_language

LANGUAGE_COOKIE = "tallyard_language"

REQUEST_ID: Final = "request_id"
"""Where a request's state holds its id; one that was given before it came here is kept."""

FAILED: Final = "tallyard_failed"
"""Where it holds why it failed before it came to its route; told there, like any error."""

FOUND: Final = "tallyard_found"
"""Where it holds who is behind it, or None for nobody, when that was looked up before."""

_TRACE = re.compile(r"^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$")
_GIVEN_ID = re.compile(r"^[A-Za-z0-9._-]{8,64}$")

SECURITY_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (
        b"content-security-policy",
        (
            b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
            b"font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
            b"frame-ancestors 'none'; manifest-src 'self'"
        ),
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
)


def header(scope: Scope, name: bytes) -> str:
    """Give a request header's value, or an empty text."""
    for key, value in scope["headers"]:
        if key.lower() == name:
            return value.decode("latin-1")
    return ""


def cookie(scope: Scope, name: str) -> str:
    """Give a cookie's value, or an empty text."""
    for pair in header(scope, b"cookie").split(";"):  # others' names may be anything
        key, _, value = pair.strip().partition("=")
        if key == name:
            return value.strip('"')
    return ""


def request_id_of(scope: Scope) -> str:
    """Give the id that the caller chose, if it can be used as one, or a new one."""
    given = header(scope, b"x-request-id")
    return given if _GIVEN_ID.match(given) else str(new_id())


def trace_of(scope: Scope) -> str | None:
    """Give the trace that the caller named (W3C Trace Context), if any."""
    trace = _TRACE.match(header(scope, b"traceparent"))
    return trace.group(1) if trace else None


def language_of(scope: Scope) -> str:
    """Give the language to answer in: that of the cookie, or of the browser."""
    chosen = normalise_language(cookie(scope, LANGUAGE_COOKIE))
    return chosen or negotiate(header(scope, b"accept-language"))


def context_middleware(app: ASGIApp) -> ASGIApp:
    """Give every request an id and a language, and every answer its security headers."""

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        request_id = state.get(REQUEST_ID) or request_id_of(scope)
        state[REQUEST_ID] = request_id
        state["language"] = language_of(scope)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(
            request_id=request_id, trace_id=trace_of(scope) or request_id
        )

        async def decorated(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", []))
                present = {key.lower() for key, _ in headers}
                headers.append((b"x-request-id", request_id.encode()))
                headers.extend(pair for pair in SECURITY_HEADERS if pair[0] not in present)
                message["headers"] = headers
            await send(message)

        await app(scope, receive, decorated)

    return middleware
