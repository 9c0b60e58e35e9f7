"""Reading a request's body once, and handing it on unread."""

from urllib.parse import parse_qs

from litestar.exceptions import HTTPException
from litestar.types import HTTPRequestEvent, HTTPScope, Receive, Scope

from web.edge.context import header

MAX_WRITE_BYTES = 1_000_000
"""A write is a small document; bulk usage has a path and limits of its own."""

FORM = "application/x-www-form-urlencoded"
_STATE_KEY = "tallyard_body"


async def read_body(scope: Scope, receive: Receive) -> tuple[bytes, Receive]:
    """Read the whole body and give back a ``receive`` that replays it.

    Raises:
        HTTPException: the body is larger than `MAX_WRITE_BYTES` (413), or its sender went before
            its end (400): what came may look like the whole of it.
    """
    state = scope.setdefault("state", {})
    if _STATE_KEY not in state:
        chunks: list[bytes] = []
        size = 0
        more = True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                raise HTTPException(status_code=400)
            chunks.append(message["body"])
            size += len(message["body"])
            if size > MAX_WRITE_BYTES:
                raise HTTPException(status_code=413)
            more = message.get("more_body", False)
        state[_STATE_KEY] = b"".join(chunks)
    body: bytes = state[_STATE_KEY]
    sent = False

    async def replay() -> HTTPRequestEvent:
        nonlocal sent
        if sent:
            return await receive()  # type: ignore[return-value] # the disconnect, when it comes
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return body, replay


def form_value(scope: Scope, body: bytes, name: str) -> str:
    """Give a field of a urlencoded form, or an empty text for any other body."""
    if not header(scope, b"content-type").startswith(FORM):
        return ""
    return parse_qs(body.decode("utf-8", "replace")).get(name, [""])[0]


def is_write(scope: HTTPScope | Scope) -> bool:
    """Tell whether the method changes something."""
    return scope.get("method", "GET") in {"POST", "PUT", "PATCH", "DELETE"}
