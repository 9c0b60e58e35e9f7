"""Endpoints in the database."""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.kernel.calendar import instant_text, parse_instant
from control_plane.kernel.ids import TenantId, WebhookEndpointId, format_id
from control_plane.notifications.webhooks.domain import (
    DisabledReason,
    Endpoint,
    EndpointKind,
    Secret,
    Target,
)
from control_plane.notifications.webhooks.errors import WebhookNotFound
from control_plane.runtime.sealing import Sealer

_COLUMNS = (
    "tenant_id, id, kind, description, url, events, created_at, disabled_at, disabled_reason, "
    "failing_since"
)
_LIST = text(
    f"SELECT {_COLUMNS} FROM webhook_endpoints WHERE tenant_id = :tenant_id ORDER BY id"  # noqa: S608
)
_GET = text(f"SELECT {_COLUMNS} FROM webhook_endpoints WHERE tenant_id = :tenant_id AND id = :id")  # noqa: S608
_LOCK = text(f"{_GET.text} FOR UPDATE")
_SEALED = text("SELECT sealed FROM webhook_endpoints WHERE tenant_id = :tenant_id AND id = :id")
_ADD = text(
    "INSERT INTO webhook_endpoints "
    "(tenant_id, id, kind, description, url, sealed, events, created_at) VALUES "
    "(:tenant_id, :id, :kind, :description, :url, :sealed, :events, :created_at)"
)
_UPDATE = text(
    "UPDATE webhook_endpoints SET description = :description, url = :url, events = :events, "
    "disabled_at = :disabled_at, disabled_reason = :disabled_reason, "
    "failing_since = :failing_since WHERE tenant_id = :tenant_id AND id = :id"
)
_RESEAL = text(
    "UPDATE webhook_endpoints SET sealed = :sealed WHERE tenant_id = :tenant_id AND id = :id"
)
_REMOVE = text("DELETE FROM webhook_endpoints WHERE tenant_id = :tenant_id AND id = :id")


@dataclass(frozen=True, slots=True)
class EndpointRepository:
    """The endpoints of the session's tenant, within one transaction."""

    session: AsyncSession
    sealer: Sealer

    async def all(self, tenant_id: TenantId) -> list[Endpoint]:
        """Return the endpoints in the order they were made."""
        rows = await self.session.execute(_LIST, {"tenant_id": tenant_id})
        return [_endpoint(row) for row in rows.mappings()]

    async def get(
        self, tenant_id: TenantId, endpoint_id: WebhookEndpointId, *, lock: bool = False
    ) -> Endpoint:
        """Return one endpoint.

        Raises:
            WebhookNotFound: the tenant has none of that id.
        """
        found = await self.session.execute(
            _LOCK if lock else _GET, {"tenant_id": tenant_id, "id": endpoint_id}
        )
        row = found.mappings().one_or_none()
        if row is None:
            raise WebhookNotFound(id=format_id("whe", endpoint_id))
        return _endpoint(row)

    async def target(self, endpoint: Endpoint) -> Target:
        """Open what is secret of an endpoint.

        Raises:
            SealBroken: it was sealed under another secret key.
        """
        bound = {"tenant_id": endpoint.tenant_id, "id": endpoint.id}
        sealed = (await self.session.execute(_SEALED, bound)).scalar_one()
        return _target(json.loads(self.sealer.open(bytes(sealed), _owner(endpoint))))

    async def add(self, endpoint: Endpoint, target: Target) -> None:
        """Keep a new endpoint."""
        sealed = self.sealer.seal(_target_text(target), _owner(endpoint))
        await self.session.execute(_ADD, {**_values(endpoint), "sealed": sealed})

    async def update(self, endpoint: Endpoint) -> None:
        """Keep what an endpoint became, but for what is secret of it."""
        await self.session.execute(_UPDATE, _values(endpoint))

    async def reseal(self, endpoint: Endpoint, target: Target) -> None:
        """Keep another address or other secrets."""
        sealed = self.sealer.seal(_target_text(target), _owner(endpoint))
        bound = {"tenant_id": endpoint.tenant_id, "id": endpoint.id}
        await self.session.execute(_RESEAL, {**bound, "sealed": sealed})

    async def remove(self, endpoint: Endpoint) -> None:
        """Delete an endpoint with everything that was sent to it."""
        await self.session.execute(_REMOVE, {"tenant_id": endpoint.tenant_id, "id": endpoint.id})


def _owner(endpoint: Endpoint) -> bytes:
    return endpoint.tenant_id.bytes + endpoint.id.bytes


def _values(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "tenant_id": endpoint.tenant_id,
        "id": endpoint.id,
        "kind": endpoint.kind.value,
        "description": endpoint.description,
        "url": endpoint.url,
        "events": list(endpoint.events),
        "created_at": endpoint.created_at,
        "disabled_at": endpoint.disabled_at,
        "disabled_reason": endpoint.disabled_reason,
        "failing_since": endpoint.failing_since,
    }


def _endpoint(row: RowMapping) -> Endpoint:
    reason = row["disabled_reason"]
    return Endpoint(
        tenant_id=TenantId(row["tenant_id"]),
        id=WebhookEndpointId(row["id"]),
        kind=EndpointKind(row["kind"]),
        description=row["description"],
        url=row["url"],
        events=tuple(row["events"]),
        created_at=row["created_at"],
        disabled_at=row["disabled_at"],
        disabled_reason=None if reason is None else DisabledReason(reason),
        failing_since=row["failing_since"],
    )


def _target_text(target: Target) -> str:
    secrets = [
        {"text": s.text, "until": None if s.until is None else instant_text(s.until)}
        for s in target.secrets
    ]
    return json.dumps({"url": target.url, "secrets": secrets})


def _target(body: Any) -> Target:
    return Target(
        url=body["url"],
        secrets=tuple(
            Secret(s["text"], None if s["until"] is None else parse_instant(s["until"]))
            for s in body["secrets"]
        ),
    )
