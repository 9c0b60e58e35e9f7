"""Show how far migrations are."""

from collections.abc import Mapping
from dataclasses import dataclass

from billing.domain.life.migrations import Move, MoveState, PlanMigration
from billing.repositories.migrations import MigrationRepository
from control_plane.catalog.repository import CatalogRepository
from control_plane.kernel.ids import PlanMigrationId
from control_plane.runtime.unit_of_work import StaffWork


@dataclass(frozen=True, slots=True)
class MigrationView:
    """A migration, its version's label, and how many of its moves are in each state."""

    migration: PlanMigration
    to_label: str
    counts: Mapping[MoveState, int]
    moves: tuple[Move, ...] = ()


@dataclass(frozen=True, slots=True)
class ListMigrations:
    """Every migration, the newest first; one of them with all its moves."""

    staff: StaffWork

    async def __call__(self) -> list[MigrationView]:
        """Return them with their counts."""
        async with self.staff() as session:
            repository = MigrationRepository(session)
            counts = await repository.counts()
            found = await repository.newest_first()
            plans = await CatalogRepository(session).plan_versions(
                dict.fromkeys(m.to_version for m in found)
            )
            return [
                MigrationView(m, plans[m.to_version].label, counts.get(m.id, {})) for m in found
            ]

    async def one(self, migration_id: PlanMigrationId) -> MigrationView:
        """Return one migration with all its moves.

        Raises:
            MigrationNotFound: there is none of that id.
        """
        async with self.staff() as session:
            repository = MigrationRepository(session)
            found = await repository.get(migration_id)
            moves = await repository.moves(migration_id)
            plan = await CatalogRepository(session).plan_version(found.to_version)
            counts = {state: sum(m.state is state for m in moves) for state in MoveState}
            return MigrationView(found, plan.label, counts, tuple(moves))
