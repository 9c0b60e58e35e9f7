"""API keys: made, listed, revoked. The secret is shown once."""

from datetime import datetime

import msgspec
from litestar import Router, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from control_plane.identity.domain import Permission
from control_plane.kernel.ids import ApiKeyId, format_id
from web.api.common import ApiRequest, id_from, instant_from, principal, tenant
from web.compose import Application


class ApiKeyRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A new key: its name, what it may do, and when it ends (never, without)."""

    name: str
    scopes: list[str]
    expires_at: str | None = None


class ApiKeyView(msgspec.Struct):
    """A key as it is listed: never its secret."""

    id: str
    name: str
    prefix: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class NewApiKeyView(msgspec.Struct):
    """A key just made. ``secret`` is shown this once, and null when the request is repeated."""

    id: str
    name: str
    scopes: list[str]
    secret: str | None


@get("/api-keys", opt={"permission": Permission.TENANT_READ})
async def list_api_keys(
    request: ApiRequest, application: NamedDependency[Application]
) -> list[ApiKeyView]:
    """List the keys of your organisation, the revoked ones too."""
    return [
        ApiKeyView(
            id=format_id("key", key.id),
            name=key.name,
            prefix=key.prefix,
            scopes=list(key.scopes),
            created_at=key.created_at,
            expires_at=key.expires_at,
            revoked_at=key.revoked_at,
        )
        for key in await application.list_api_keys(tenant(request))
    ]


@post("/api-keys", opt={"permission": Permission.KEYS_MANAGE, "shown_once": ("secret",)})
async def create_api_key(
    request: ApiRequest, data: JSONBody[ApiKeyRequest], application: NamedDependency[Application]
) -> NewApiKeyView:
    """Make a key. Scopes: read, write, events:write, inventory:read, inventory:write."""
    expires_at = instant_from(data.expires_at, field="expires_at") if data.expires_at else None
    key_id, secret = await application.create_api_key(
        tenant_id=tenant(request),
        name=data.name,
        scopes=data.scopes,
        by=principal(request),
        expires_at=expires_at,
    )
    return NewApiKeyView(
        id=format_id("key", key_id), name=data.name, scopes=data.scopes, secret=secret
    )


@delete("/api-keys/{key_id:str}", opt={"permission": Permission.KEYS_MANAGE})
async def revoke_api_key(
    request: ApiRequest, key_id: FromPath[str], application: NamedDependency[Application]
) -> None:
    """Revoke a key; services refuse it within seconds."""
    await application.revoke_api_key(
        tenant_id=tenant(request),
        key_id=ApiKeyId(id_from("key", key_id)),
        actor=principal(request).actor,
    )


router = Router(
    "/v1", tags=["API keys"], route_handlers=[list_api_keys, create_api_key, revoke_api_key]
)
