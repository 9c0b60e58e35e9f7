"""What a signed snapshot must know of keys and tokens: hashes, scopes, expiry. Never a secret."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from control_plane.identity.models import ApiKeyRow, ServiceTokenRow
from control_plane.kernel.ids import ApiKeyId, InstanceId, TenantId


@dataclass(frozen=True, slots=True)
class ActiveKey:
    """An API key that may be used. ``hash`` is the SHA-256 of its secret, in hex."""

    id: ApiKeyId
    hash: str
    scopes: tuple[str, ...]
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class ActiveServiceToken:
    """A module instance's token that may be used between services."""

    instance_id: InstanceId
    module: str
    hash: str
    scopes: tuple[str, ...]


async def active_key_grants(
    session: AsyncSession, tenant_id: TenantId, at: datetime
) -> tuple[ActiveKey, ...]:
    """Read the keys that are neither revoked nor expired at ``at`` (the tenant's time), by id."""
    rows = await session.scalars(
        select(ApiKeyRow)
        .where(
            col(ApiKeyRow.tenant_id) == tenant_id,
            col(ApiKeyRow.revoked_at).is_(None),
            or_(col(ApiKeyRow.expires_at).is_(None), col(ApiKeyRow.expires_at) > at),
        )
        .order_by(col(ApiKeyRow.id))
    )
    return tuple(
        ActiveKey(
            ApiKeyId(row.id),
            row.hash,
            tuple(sorted(row.scopes)),
            row.expires_at and row.expires_at.astimezone(UTC),
        )
        for row in rows
    )


async def service_grants(
    session: AsyncSession, tenant_id: TenantId
) -> tuple[ActiveServiceToken, ...]:
    """Read the service tokens that are not revoked, by id."""
    rows = await session.scalars(
        select(ServiceTokenRow)
        .where(
            col(ServiceTokenRow.tenant_id) == tenant_id,
            col(ServiceTokenRow.revoked_at).is_(None),
        )
        .order_by(col(ServiceTokenRow.id))
    )
    return tuple(
        ActiveServiceToken(
            InstanceId(row.instance_id), row.module, row.hash, tuple(sorted(row.scopes))
        )
        for row in rows
    )
