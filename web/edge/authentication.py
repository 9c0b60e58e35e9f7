"""Who is behind a request: a session cookie, an API key or a service token."""

from dataclasses import dataclass
from typing import Protocol

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from control_plane.identity.domain import Principal
from control_plane.kernel.ids import format_id
from web.edge.context import FAILED, FOUND, cookie, header

SESSION_COOKIE = "tallyard_session"


class Authenticate(Protocol):
    """Looks a secret up; None when it is unknown, expired or revoked."""

    async def __call__(self, secret: str) -> Principal | None:
        """Give who holds ``secret``."""


@dataclass(frozen=True, slots=True)
class Bearers:
    """Looks a bearer's secret up where its kind is kept: an API key's or a service token's."""

    by_api_key: Authenticate
    by_service_token: Authenticate

    async def __call__(self, secret: str) -> Principal | None:
        """Give who holds ``secret``."""
        by = self.by_service_token if secret.startswith("tys_") else self.by_api_key
        return await by(secret)


@dataclass(frozen=True, slots=True)
class AuthenticationMiddleware:
    """Puts the `Principal` into the request's state; never refuses by itself."""

    app: ASGIApp
    by_session: Authenticate
    by_api_key: Authenticate
    by_service_token: Authenticate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Resolve the credential, and through it the tenant, once."""
        if scope["type"] == ScopeType.HTTP:
            state = scope.setdefault("state", {})
            principal = await self._principal(scope)
            state["principal"] = principal
            if principal is not None and principal.tenant_id is not None:
                structlog.contextvars.bind_contextvars(
                    tenant_id=format_id("ten", principal.tenant_id)
                )
        await self.app(scope, receive, send)

    async def _principal(self, scope: Scope) -> Principal | None:
        if FOUND in scope["state"]:
            found: Principal | None = scope["state"].pop(FOUND)
            return found
        if FAILED in scope["state"]:  # its route tells
            return None
        scheme, _, secret = header(scope, b"authorization").partition(" ")
        if scheme.lower() == "bearer":
            return await Bearers(self.by_api_key, self.by_service_token)(secret.strip())
        session = cookie(scope, SESSION_COOKIE)
        if not session:
            return None
        scope["state"]["session_secret"] = session
        return await self.by_session(session)
