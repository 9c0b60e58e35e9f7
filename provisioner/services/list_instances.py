"""Showing instances to the tenant and to staff."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlmodel import col

from control_plane.kernel.ids import InstanceId, TenantId
from control_plane.runtime.unit_of_work import StaffWork, UnitOfWork
from provisioner.models import InstanceRow
from provisioner.ports import Runtime
from provisioner.repository import InstanceRepository


@dataclass(frozen=True, slots=True)
class InstanceView:
    """What may be shown of an instance. Instants are real time, UTC.

    ``state`` is what was last seen, or ``removed``; ``exported_at`` says that an export was
    restored and checked, and ``export_sha256`` is that file's digest.
    """

    tenant_id: TenantId
    instance_id: InstanceId
    module: str
    runtime: str
    desired: str
    state: str
    generation: int
    base_url: str
    last_error: str | None
    created_at: datetime
    ready_at: datetime | None
    exported_at: datetime | None
    export_sha256: str | None
    removed_at: datetime | None
    export_purged_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ListInstances:
    """List a tenant's instances, removed ones too, the newest first."""

    work: UnitOfWork

    async def __call__(self, tenant_id: TenantId) -> tuple[InstanceView, ...]:
        """Return them all."""
        async with self.work(tenant_id) as session:
            rows = await InstanceRepository(session).all(tenant_id)
        return tuple(view(row) for row in rows)


@dataclass(frozen=True, slots=True)
class GetInstance:
    """Show one instance."""

    work: UnitOfWork

    async def __call__(self, tenant_id: TenantId, instance_id: InstanceId) -> InstanceView:
        """Return it.

        Raises:
            InstanceNotFound: the tenant has none of that id.
        """
        async with self.work(tenant_id) as session:
            return view(await InstanceRepository(session).get(tenant_id, instance_id))


@dataclass(frozen=True, slots=True)
class InstanceLogs:
    """Show what an instance wrote last."""

    work: UnitOfWork
    runtime: Runtime

    async def __call__(
        self, tenant_id: TenantId, instance_id: InstanceId, *, lines: int = 200
    ) -> str:
        """Return the last lines; empty when nothing is left of the instance.

        Raises:
            InstanceNotFound: the tenant has none of that id.
            RuntimeUnavailable: the runtime does not answer.
        """
        async with self.work(tenant_id) as session:
            row = await InstanceRepository(session).get(tenant_id, instance_id)
        return await self.runtime.logs(row.ref, lines=lines)


@dataclass(frozen=True, slots=True)
class ListAllInstances:
    """List every tenant's instances, for operators."""

    staff: StaffWork

    async def __call__(self, *, limit: int = 500) -> tuple[InstanceView, ...]:
        """Return those not removed, the newest first."""
        async with self.staff() as session:
            rows: Sequence[InstanceRow] = (
                await session.scalars(
                    select(InstanceRow)
                    .where(col(InstanceRow.removed_at).is_(None))
                    .order_by(col(InstanceRow.id).desc())
                    .limit(limit)
                )
            ).all()
        return tuple(view(row) for row in rows)


def view(row: InstanceRow) -> InstanceView:
    """Return what may be shown of a row."""
    return InstanceView(
        tenant_id=row.ref.tenant_id,
        instance_id=row.ref.instance_id,
        module=row.module,
        runtime=row.runtime,
        desired=row.desired,
        state=row.state,
        generation=row.generation,
        base_url=row.base_url,
        last_error=row.last_error,
        created_at=row.created_at,
        ready_at=row.ready_at,
        exported_at=row.exported_at,
        export_sha256=row.export_sha256,
        removed_at=row.removed_at,
        export_purged_at=row.export_purged_at,
    )
