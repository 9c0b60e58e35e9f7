"""Reads and writes the records of instances, within one transaction."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from control_plane.kernel.ids import InstanceId, TenantId, format_id, new_id
from provisioner.domain.addresses import FIRST_PORT, LAST_PORT, candidate_ports, local_url
from provisioner.domain.instances import LEDGER, Goal, State
from provisioner.errors import InstanceNotFound, NoPortFree
from provisioner.models import REMOVED, InstanceRow


@dataclass(frozen=True, slots=True)
class InstanceRepository:
    """The instances of the session's tenant."""

    session: AsyncSession

    async def active(self, tenant_id: TenantId) -> Sequence[InstanceRow]:
        """Return every instance that is not removed, by module."""
        rows = await self.session.scalars(
            select(InstanceRow)
            .where(col(InstanceRow.tenant_id) == tenant_id, col(InstanceRow.removed_at).is_(None))
            .order_by(col(InstanceRow.module))
        )
        return rows.all()

    async def all(self, tenant_id: TenantId) -> Sequence[InstanceRow]:
        """Return every instance there ever was, the newest first."""
        rows = await self.session.scalars(
            select(InstanceRow)
            .where(col(InstanceRow.tenant_id) == tenant_id)
            .order_by(col(InstanceRow.id).desc())
        )
        return rows.all()

    async def keeping_exports(self, tenant_id: TenantId) -> Sequence[InstanceRow]:
        """Return the removed instances of which an export is kept."""
        rows = await self.session.scalars(
            select(InstanceRow).where(
                col(InstanceRow.tenant_id) == tenant_id,
                col(InstanceRow.removed_at).is_not(None),
                col(InstanceRow.export_file).is_not(None),
                col(InstanceRow.export_purged_at).is_(None),
            )
        )
        return rows.all()

    async def purged(self, row: InstanceRow, *, at: datetime) -> None:
        """Record that the export of a removed instance is gone, too."""
        await self.session.execute(
            update(InstanceRow)
            .where(
                col(InstanceRow.tenant_id) == row.tenant_id,
                col(InstanceRow.id) == row.id,
                col(InstanceRow.export_purged_at).is_(None),
            )
            .values(export_purged_at=at)
        )

    async def get(self, tenant_id: TenantId, instance_id: InstanceId) -> InstanceRow:
        """Return one instance.

        Raises:
            InstanceNotFound: the tenant has none of that id.
        """
        row = await self.session.scalar(
            select(InstanceRow).where(
                col(InstanceRow.tenant_id) == tenant_id, col(InstanceRow.id) == instance_id
            )
        )
        if row is None:
            raise InstanceNotFound(instance=format_id("ins", instance_id))
        return row

    async def add(
        self, tenant_id: TenantId, module: str, *, runtime: str, at: datetime
    ) -> InstanceId:
        """Record a new instance under a port that no other record has.

        Raises:
            NoPortFree: every port tried is taken.
        """
        instance_id = InstanceId(new_id())
        for port in candidate_ports(instance_id):
            values = {
                "tenant_id": tenant_id,
                "id": instance_id,
                "module": module,
                "runtime": runtime,
                "desired": Goal.RUNNING,
                "state": State.ABSENT,
                "generation": 1,
                "port": port,
                "base_url": local_url(port),
                "created_at": at,
            }
            statement = insert(InstanceRow).values(values).on_conflict_do_nothing()
            if await self.session.scalar(statement.returning(col(InstanceRow.id))):
                return instance_id
        raise NoPortFree(first=FIRST_PORT, last=LAST_PORT)

    async def retire(self, tenant_id: TenantId, instance_id: InstanceId) -> None:
        """Let an instance go: it will be exported and then removed."""
        await self._set(tenant_id, instance_id, desired=Goal.REMOVED)

    async def revive(self, tenant_id: TenantId, instance_id: InstanceId) -> None:
        """Want an instance again. It starts anew, since it may have been drained already."""
        await self._set(
            tenant_id,
            instance_id,
            desired=Goal.RUNNING,
            generation=col(InstanceRow.generation) + 1,
            exported_at=None,
            export_file=None,
            export_sha256=None,
        )

    async def move(self, row: InstanceRow) -> None:
        """Give an instance another port; whoever was told the old one is made anew as well.

        Raises:
            NoPortFree: every port tried is taken.
        """
        await self._take_other_port(row)
        await self.session.execute(
            update(InstanceRow)
            .where(
                col(InstanceRow.tenant_id) == row.tenant_id,
                col(InstanceRow.removed_at).is_(None),
                (col(InstanceRow.id) == row.id) if row.module != LEDGER else true(),
            )
            .values(generation=col(InstanceRow.generation) + 1)
        )

    async def saw(self, row: InstanceRow, state: State, *, at: datetime) -> None:
        """Record the state that was seen. Being ready as wanted clears the last error."""
        changes: dict[str, object] = {"state": state}
        if state is State.READY:
            changes["ready_at"] = row.ready_at or at
        if row.clears_error(state):
            changes["last_error"] = None
        await self._set(row.ref.tenant_id, row.ref.instance_id, **changes)

    async def failed(self, row: InstanceRow, error: str) -> None:
        """Record why the instance is not where it should be, unless that is known already."""
        await self.session.execute(
            update(InstanceRow)
            .where(
                col(InstanceRow.tenant_id) == row.tenant_id,
                col(InstanceRow.id) == row.id,
                col(InstanceRow.last_error).is_distinct_from(error),
            )
            .values(last_error=error)
        )

    async def exported(self, row: InstanceRow, *, file: str, sha256: str, at: datetime) -> None:
        """Record an export that was restored and checked."""
        await self._set(
            row.ref.tenant_id,
            row.ref.instance_id,
            exported_at=at,
            export_file=file,
            export_sha256=sha256,
        )

    async def close(self, row: InstanceRow, *, at: datetime) -> None:
        """Record that nothing of the instance is left but its export."""
        await self._set(
            row.ref.tenant_id, row.ref.instance_id, state=REMOVED, removed_at=at, last_error=None
        )

    async def _take_other_port(self, row: InstanceRow) -> None:
        candidates = list(candidate_ports(row.ref.instance_id))
        after = candidates.index(row.port) + 1 if row.port in candidates else 0
        for port in [*candidates[after:], *candidates[:after]]:
            if port == row.port:
                continue
            # other tenants' rows cannot be seen from here, only bumped into
            with suppress(IntegrityError):
                async with self.session.begin_nested():
                    await self._set(
                        row.ref.tenant_id,
                        row.ref.instance_id,
                        port=port,
                        base_url=local_url(port),
                    )
                return
        raise NoPortFree(first=FIRST_PORT, last=LAST_PORT)

    async def _set(self, tenant_id: TenantId, instance_id: InstanceId, **changes: object) -> None:
        await self.session.execute(
            update(InstanceRow)
            .where(
                col(InstanceRow.tenant_id) == tenant_id,
                col(InstanceRow.id) == instance_id,
                col(InstanceRow.removed_at).is_(None),  # whoever comes late changes nothing
            )
            .values(**changes)
        )
