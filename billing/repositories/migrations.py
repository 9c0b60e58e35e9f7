"""Plan migrations and their moves: found over all tenants, written one tenant at a time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from billing.domain.life.errors import MigrationNotFound
from billing.domain.life.migrations import MigrationMode, Move, MoveState, PlanMigration
from billing.models.life import PlanMigrationMoveRow, PlanMigrationRow
from control_plane.kernel.calendar import as_utc
from control_plane.kernel.ids import (
    PlanMigrationId,
    PlanVersionId,
    SubscriptionId,
    TenantId,
    format_id,
)

_ON_OLD_VERSIONS = text(
    """
    SELECT DISTINCT c.tenant_id, c.subscription_id FROM subscription_changes c
    JOIN plan_versions v ON v.id = c.plan_version_id
    WHERE v.code = :code ORDER BY c.tenant_id, c.subscription_id
    """
)


@dataclass(frozen=True, slots=True)
class MigrationRepository:
    """Migrations in a session of staff, of the system or of a tenant; each sees what it may."""

    session: AsyncSession

    async def ever_on(self, plan_code: str) -> list[tuple[TenantId, SubscriptionId]]:
        """Return every subscription that ever held a plan, for a session of staff."""
        rows = await self.session.execute(_ON_OLD_VERSIONS, {"code": plan_code})
        return [(TenantId(tenant), SubscriptionId(subscription)) for tenant, subscription in rows]

    async def start(
        self, migration: PlanMigration, moves: Iterable[tuple[TenantId, SubscriptionId]]
    ) -> PlanMigration:
        """Keep a decision with its pending moves, for a session of the system.

        The same decision again returns the first one, and has what failed of it tried again.
        """
        found = await self._same(migration)
        if found is not None:
            await self._try_again(found.id)
            return found
        values = {
            "id": migration.id,
            "plan_code": migration.plan_code,
            "to_version_id": migration.to_version,
            "mode": migration.mode.value,
            "on_date": migration.on_date,
            "made_at": migration.made_at,
            "made_by": migration.made_by,
        }
        made = await self.session.scalar(
            upsert(PlanMigrationRow)
            .values(values)
            .on_conflict_do_nothing()
            .returning(col(PlanMigrationRow.id))
        )
        if made is None:
            return await self._same(migration) or migration
        pending = [
            {
                "tenant_id": tenant,
                "migration_id": migration.id,
                "subscription_id": subscription,
                "state": MoveState.PENDING.value,
            }
            for tenant, subscription in moves
        ]
        if pending:
            await self.session.execute(insert(PlanMigrationMoveRow), pending)
        return migration

    async def _same(self, wanted: PlanMigration) -> PlanMigration | None:
        row = await self.session.scalar(
            select(PlanMigrationRow).where(
                col(PlanMigrationRow.to_version_id) == wanted.to_version,
                col(PlanMigrationRow.mode) == wanted.mode.value,
                col(PlanMigrationRow.on_date).is_not_distinct_from(wanted.on_date),
            )
        )
        return None if row is None else _migration(row)

    async def _try_again(self, migration_id: PlanMigrationId) -> None:
        columns = PlanMigrationMoveRow
        await self.session.execute(
            update(columns)
            .where(
                col(columns.migration_id) == migration_id,
                col(columns.state) == MoveState.FAILED.value,
            )
            .values(state=MoveState.PENDING.value, reason=None, handled_at=None)
            .execution_options(synchronize_session=False)
        )

    async def get(self, migration_id: PlanMigrationId) -> PlanMigration:
        """Return one migration.

        Raises:
            MigrationNotFound: there is none of that id.
        """
        row = await self.session.get(PlanMigrationRow, migration_id)
        if row is None:
            raise MigrationNotFound(migration_id=format_id("pmg", migration_id))
        return _migration(row)

    async def newest_first(self) -> list[PlanMigration]:
        """Return every migration."""
        rows = await self.session.scalars(
            select(PlanMigrationRow).order_by(col(PlanMigrationRow.made_at).desc())
        )
        return [_migration(row) for row in rows]

    async def moves(self, migration_id: PlanMigrationId) -> list[Move]:
        """Return the moves of a migration that the session may see, tenant by tenant."""
        rows = await self.session.scalars(
            select(PlanMigrationMoveRow)
            .where(col(PlanMigrationMoveRow.migration_id) == migration_id)
            .order_by(
                col(PlanMigrationMoveRow.tenant_id), col(PlanMigrationMoveRow.subscription_id)
            )
        )
        return [_move(row) for row in rows]

    async def counts(self) -> dict[PlanMigrationId, dict[MoveState, int]]:
        """Return how many moves of each migration are in each state."""
        rows = await self.session.execute(
            select(
                col(PlanMigrationMoveRow.migration_id),
                col(PlanMigrationMoveRow.state),
                func.count(),
            ).group_by(col(PlanMigrationMoveRow.migration_id), col(PlanMigrationMoveRow.state))
        )
        counted: dict[PlanMigrationId, dict[MoveState, int]] = {}
        for migration, state, count in rows:
            counted.setdefault(PlanMigrationId(migration), {})[MoveState(state)] = count
        return counted

    async def pending(self, most: int) -> Sequence[tuple[TenantId, PlanMigrationId]]:
        """Return tenants with moves that wait, for a session of the system."""
        rows = await self.session.execute(
            select(col(PlanMigrationMoveRow.tenant_id), col(PlanMigrationMoveRow.migration_id))
            .where(col(PlanMigrationMoveRow.state) == MoveState.PENDING.value)
            .distinct()
            .limit(most)
        )
        return [(TenantId(tenant), PlanMigrationId(migration)) for tenant, migration in rows]

    async def next_pending(
        self, migration_id: PlanMigrationId, subscription_id: SubscriptionId | None = None
    ) -> Move | None:
        """Return a waiting move of the session's tenant, locked; None when there is none.

        A named subscription's move, or any; what another worker holds is passed over.
        """
        columns = PlanMigrationMoveRow
        query = select(columns).where(
            col(columns.migration_id) == migration_id,
            col(columns.state) == MoveState.PENDING.value,
        )
        if subscription_id is not None:
            query = query.where(col(columns.subscription_id) == subscription_id)
        row = await self.session.scalar(
            query.order_by(col(columns.subscription_id)).limit(1).with_for_update(skip_locked=True)
        )
        return None if row is None else _move(row)

    async def settle(
        self,
        migration_id: PlanMigrationId,
        move: Move,
        state: MoveState,
        *,
        at: datetime,
        effective_at: datetime | None = None,
        reason: str | None = None,
    ) -> None:
        """Record what became of a move."""
        await self.session.execute(
            update(PlanMigrationMoveRow)
            .where(
                col(PlanMigrationMoveRow.tenant_id) == move.tenant_id,
                col(PlanMigrationMoveRow.migration_id) == migration_id,
                col(PlanMigrationMoveRow.subscription_id) == move.subscription_id,
            )
            .values(state=state.value, reason=reason, effective_at=effective_at, handled_at=at)
            .execution_options(synchronize_session=False)
        )


def _migration(row: PlanMigrationRow) -> PlanMigration:
    return PlanMigration(
        id=PlanMigrationId(row.id),
        plan_code=row.plan_code,
        to_version=PlanVersionId(row.to_version_id),
        mode=MigrationMode(row.mode),
        on_date=None if row.on_date is None else as_utc(row.on_date),
        made_at=as_utc(row.made_at),
        made_by=row.made_by,
    )


def _move(row: PlanMigrationMoveRow) -> Move:
    return Move(
        tenant_id=TenantId(row.tenant_id),
        subscription_id=SubscriptionId(row.subscription_id),
        state=MoveState(row.state),
        reason=row.reason,
        effective_at=None if row.effective_at is None else as_utc(row.effective_at),
        handled_at=None if row.handled_at is None else as_utc(row.handled_at),
    )
