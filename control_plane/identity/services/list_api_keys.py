"""List a tenant's API keys."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlmodel import col

from control_plane.identity.models import ApiKeyRow
from control_plane.kernel.ids import ApiKeyId, TenantId
from control_plane.runtime.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as people see it: all but its secret."""

    id: ApiKeyId
    name: str
    prefix: str
    scopes: tuple[str, ...]
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class ListApiKeys:
    """Read every key there ever was, newest first."""

    work: UnitOfWork

    async def __call__(self, tenant_id: TenantId) -> tuple[ApiKey, ...]:
        """Read the keys of the tenant."""
        async with self.work(tenant_id) as session:
            rows = await session.scalars(
                select(ApiKeyRow)
                .where(col(ApiKeyRow.tenant_id) == tenant_id)
                .order_by(col(ApiKeyRow.id).desc())
            )
            return tuple(_key(row) for row in rows)


def _key(row: ApiKeyRow) -> ApiKey:
    return ApiKey(
        id=ApiKeyId(row.id),
        name=row.name,
        prefix=row.prefix,
        scopes=tuple(row.scopes),
        created_by=row.created_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )
