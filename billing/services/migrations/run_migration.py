"""Run a migration: decide it once, then move tenant after tenant, resumably."""

from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.life.migrations import MigrationMode, Move, MoveState, PlanMigration
from billing.mailing import readers_of
from billing.repositories.migrations import MigrationRepository
from billing.services.migrations.laying import Skipped, weigh_move
from billing.services.migrations.preview_migration import PreviewMigration
from billing.services.subscriptions.weighing import Weighed, Weighing
from control_plane.kernel.calendar import local_date
from control_plane.kernel.errors import TallyardError
from control_plane.kernel.ids import PlanMigrationId, TenantId, format_id
from control_plane.runtime.outbox import enqueue
from control_plane.runtime.topics import MAIL_REQUESTED
from control_plane.runtime.unit_of_work import SystemWork, UnitOfWork

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class StartMigration:
    """Decide a migration. The worker then moves whoever is on the plan."""

    system: SystemWork
    preview: PreviewMigration

    async def __call__(
        self, *, plan_code: str, mode: MigrationMode, actor: str, on_date: datetime | None = None
    ) -> PlanMigration:
        """Keep the decision with a pending move for each subscription that ever held the plan.

        Deciding the same again returns the first decision, and has what failed tried again.

        Raises:
            PlanNotFound: no plan of that code is on sale.
            MigrationDateInvalid: the date is missing, past, or not wanted.
        """
        migration, _ = await self.preview.decide(plan_code, mode, on_date, actor)
        async with self.preview.staff() as session:
            found = await MigrationRepository(session).ever_on(plan_code)
        async with self.system() as session:
            return await MigrationRepository(session).start(migration, found)


@dataclass(frozen=True, slots=True)
class MoveTenant:
    """Move one tenant's subscriptions of a migration, each in a transaction of its own."""

    work: UnitOfWork
    weighing: Weighing

    async def __call__(self, tenant_id: TenantId, migration_id: PlanMigrationId) -> int:
        """Return how many were handled. A refusal is kept with its reason and stops nobody.

        May be run any number of times, by several workers: a subscription is moved once.
        """
        handled = 0
        while await self._step(tenant_id, migration_id):
            handled += 1
        return handled

    async def _step(self, tenant_id: TenantId, migration_id: PlanMigrationId) -> bool:
        """Handle a move that waits; False when there is none, or none to blame for a failure."""
        move: Move | None = None
        try:
            async with self.work(tenant_id) as session:
                move = await MigrationRepository(session).next_pending(migration_id)
                if move is not None:
                    await self._move(session, migration_id, move)
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:
            log.exception("migration_move_failed", tenant_id=format_id("ten", tenant_id))
            if move is not None:
                await self._fail(migration_id, move, error)
        return move is not None

    async def _move(self, session: AsyncSession, migration_id: PlanMigrationId, move: Move) -> None:
        repository = MigrationRepository(session)
        books = await self.weighing.changing.current_books(session, move.tenant_id)
        migration = await repository.get(migration_id)
        found = await weigh_move(self.weighing, session, books, migration, move.subscription_id)
        if isinstance(found, Skipped):
            await repository.settle(
                migration_id, move, MoveState.SKIPPED, at=books.now, reason=found.reason
            )
            return
        await self.weighing.changing.make(
            session,
            books,
            found.proposal.longer,
            books.now,
            shown=None,
            actor=migration.made_by,
        )
        await repository.settle(
            migration_id,
            move,
            MoveState.MOVED,
            at=books.now,
            effective_at=found.proposal.effective_at,
        )
        await _tell(session, move.tenant_id, found)

    async def _fail(self, migration_id: PlanMigrationId, move: Move, error: Exception) -> None:
        """Keep why a move failed, unless another worker is at it by now."""
        said = error.code if isinstance(error, TallyardError) else type(error).__name__
        async with self.work(move.tenant_id) as session:
            repository = MigrationRepository(session)
            waiting = await repository.next_pending(migration_id, move.subscription_id)
            if waiting is None:
                return
            now = await self.weighing.changing.closing.tenant_clock.now(session, move.tenant_id)
            reason = f"{said}: {error}"[:500]
            await repository.settle(migration_id, waiting, MoveState.FAILED, at=now, reason=reason)


@dataclass(frozen=True, slots=True)
class MigratePlans:
    """Finds tenants with moves that wait, and moves them."""

    system: SystemWork
    move_tenant: MoveTenant
    name: str = "migrate-plans"
    every_seconds: float = 5.0
    most: int = 200

    async def run(self) -> int:
        """Move everything that waits, each tenant once a run; return how many were handled."""
        handled, tried = 0, set[tuple[TenantId, PlanMigrationId]]()
        while fresh := [pair for pair in await self._waiting() if pair not in tried]:
            for pair in fresh:
                tried.add(pair)
                handled += await self.move_tenant(*pair)
        return handled

    async def _waiting(self) -> list[tuple[TenantId, PlanMigrationId]]:
        async with self.system() as session:
            return list(await MigrationRepository(session).pending(self.most))


async def _tell(session: AsyncSession, tenant_id: TenantId, found: Weighed) -> None:
    """Enqueue one message for each reader of invoices, in the organisation's language."""
    organisation, proposal = found.desk.books.organisation, found.proposal
    last = proposal.longer.changes[-proposal.added]
    plan = found.desk.quoted_plans[last.action.plan_version_id]  # type: ignore[union-attr]
    name = plan.name.in_language(organisation.language)
    fields = {
        "organisation": organisation.name,
        "plan": name,
        "day": local_date(proposal.effective_at, organisation.zone).isoformat(),
        "subscription_id": str(proposal.longer.subscription_id),
    }
    for reader in await readers_of(session, organisation):
        payload = {
            "to": reader,
            "template": "plan_migrated",
            "fields": fields,
            "language": organisation.language,
        }
        await enqueue(session, tenant_id, MAIL_REQUESTED, payload)
