"""No text with U+0000 gets past the edge: PostgreSQL cannot store one."""

import re
from dataclasses import dataclass
from typing import Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from web.edge.body import FORM, is_write, read_body
from web.edge.context import header
from web.edge.errors import NulInText

# Escaped in JSON (the backslash not escaped itself), or as it is.
_NUL: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000|\x00")
_NUL_IN_FORM: Final = b"%00"


@dataclass(frozen=True, slots=True)
class TextMiddleware:
    """Looks at address and body.

    A body that a route reads raw (``opt={"request_body": …}``) is that route's own to judge.
    """

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or refuse.

        Raises:
            NulInText: a text holds the character.
            HTTPException: the body is too large (413).
        """
        if scope["type"] != ScopeType.HTTP:
            await self.app(scope, receive, send)
            return
        if "\x00" in scope["path"] or b"%00" in scope.get("query_string", b""):
            raise NulInText
        if is_write(scope) and "request_body" not in scope["route_handler"].opt:
            body, receive = await read_body(scope, receive)
            is_form = header(scope, b"content-type").startswith(FORM)
            if _NUL.search(body) or (is_form and _NUL_IN_FORM in body):
                raise NulInText
        await self.app(scope, receive, send)
