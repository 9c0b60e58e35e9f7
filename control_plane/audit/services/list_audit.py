"""Read the audit record."""

from dataclasses import dataclass

from control_plane.audit.domain import AuditEntry
from control_plane.audit.repository import AuditRepository
from control_plane.kernel.ids import AuditId, TenantId
from control_plane.runtime.unit_of_work import UnitOfWork

MOST = 500


@dataclass(frozen=True, slots=True)
class ListAudit:
    """Read who did what in a tenant, newest first, a page at a time."""

    work: UnitOfWork

    async def __call__(
        self,
        tenant_id: TenantId,
        *,
        before: AuditId | None = None,
        object_id: str | None = None,
        limit: int = 100,
    ) -> tuple[AuditEntry, ...]:
        """Read at most ``limit`` (1 to 500) entries.

        Args:
            tenant_id: whose record.
            before: the last id of the page before.
            object_id: only what happened to the object of this text id.
            limit: the size of the page.
        """
        most = max(1, min(limit, MOST))
        async with self.work(tenant_id) as session:
            return await AuditRepository(session).page(
                tenant_id, before=before, object_id=object_id, most=most
            )
