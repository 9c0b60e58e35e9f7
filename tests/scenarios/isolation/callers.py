"""Who asks: keys, sessions and tokens, each with the principal the edge makes of it."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from control_plane.identity.csrf import csrf_token
from control_plane.identity.domain import Permission, Principal, permits
from tests.scenarios.isolation.table import Route
from tests.support.api import PASSWORD, Site


@dataclass(frozen=True)
class Caller:
    """A credential as headers, and what it proves."""

    name: str
    headers: Mapping[str, str]
    principal: Principal | None

    def may(self, permission: Permission | None) -> bool:
        return (
            self.principal is not None
            and permission is not None
            and permits(self.principal, permission)
        )


NOBODY = Caller("nobody", {}, None)
STRANGERS = (
    NOBODY,
    Caller("an unknown key", {"authorization": "Bearer tyk_" + "0" * 43}, None),
    Caller("an unknown token", {"authorization": "Bearer tys_" + "0" * 43}, None),
    Caller("an unknown session", {"cookie": "tallyard_session=" + "0" * 43}, None),
    Caller("another scheme", {"authorization": "Basic dHlrOg=="}, None),
)


async def by_key(site: Site, name: str, secret: str) -> Caller:
    principal = await site.application.authenticate_api_key(secret)
    assert principal is not None
    return Caller(name, {"authorization": f"Bearer {secret}"}, principal)


async def by_token(site: Site, name: str, secret: str) -> Caller:
    principal = await site.application.authenticate_service_token(secret)
    assert principal is not None
    return Caller(name, {"authorization": f"Bearer {secret}"}, principal)


async def by_session(site: Site, name: str, email: str) -> Caller:
    application = site.application
    secret = (await application.sign_in(email=email, password=PASSWORD)).secret
    principal = await application.authenticate_session(secret)
    assert principal is not None
    headers = {
        "cookie": f"tallyard_session={secret}",
        "x-csrf-token": csrf_token(application.settings.secret_key, secret),
    }
    return Caller(name, headers, principal)


async def ask(
    site: Site,
    caller: Caller,
    route: Route,
    *,
    ids: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    fields: Mapping[str, Any] | None = None,
) -> httpx.Response:
    """Send a call that has everything a good one has: key, token, body, parameters.

    ``fields`` replace texts of the body of the same name; a page's form gets all of them.
    """
    headers = {**caller.headers, "accept": "application/json" if route.is_api else "text/html"}
    content: bytes | None = None
    data: dict[str, str] | None = None
    if route.writes:
        headers["idempotency-key"] = str(uuid.uuid4())
        body = route.body
        if isinstance(body, dict) and fields:
            body = {
                name: fields.get(name, value) if isinstance(value, str) else value
                for name, value in body.items()
            }
        if body is not None:
            content = json.dumps(body).encode()
            headers["content-type"] = route.media_type
        elif not route.is_api:
            data = dict(fields or {})
    async with site.client(**headers) as client:
        return await client.request(
            route.method,
            route.address(ids or {}),
            params={**route.query, **(query or {})},
            content=content,
            data=data,
        )
