"""A write under a session cookie must prove that it came from our own page."""

import hmac
from dataclasses import dataclass

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from control_plane.identity.csrf import csrf_token
from web.edge.body import form_value, is_write, read_body
from web.edge.context import header
from web.edge.errors import CsrfRefused

FORM_FIELD = "_csrf"
HEADER = b"x-csrf-token"


@dataclass(frozen=True, slots=True)
class CsrfMiddleware:
    """Compares the token of the form or header with the session's own."""

    app: ASGIApp
    secret_key: str

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or refuse a forged write.

        Raises:
            CsrfRefused: the token is missing or belongs to another session.
        """
        state = scope.get("state", {})
        # A session that is over carries no right that a forged write could use.
        session = state.get("session_secret") if state.get("principal") is not None else None
        if scope["type"] != ScopeType.HTTP or session is None or not is_write(scope):
            await self.app(scope, receive, send)
            return
        body, replay = await read_body(scope, receive)
        given = header(scope, HEADER) or form_value(scope, body, FORM_FIELD)
        expected = csrf_token(self.secret_key, session)
        if not hmac.compare_digest(given.encode(), expected.encode()):
            raise CsrfRefused
        await self.app(scope, replay, send)
