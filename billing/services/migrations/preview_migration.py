"""Show what a migration to a plan's newest version would mean for everybody on the plan."""

from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.life.errors import MigrationDateInvalid
from billing.domain.life.migrations import Impact, MigrationMode, PlanMigration
from billing.repositories.migrations import MigrationRepository
from billing.services.migrations.laying import Skipped, weigh_move
from billing.services.subscriptions.weighing import Weighing
from control_plane.catalog.repository import CatalogRepository
from control_plane.kernel.calendar import instant_text
from control_plane.kernel.clock import Clock
from control_plane.kernel.errors import TallyardError
from control_plane.kernel.ids import PlanMigrationId, SubscriptionId, TenantId, new_id
from control_plane.kernel.money import Money
from control_plane.runtime.unit_of_work import StaffWork, UnitOfWork
from control_plane.subscriptions.repository import SubscriptionRepository


@dataclass(frozen=True, slots=True)
class MigrationPreview:
    """Every subscription that ever held the plan, moved or left alone, tenant by tenant."""

    to_label: str
    impacts: tuple[Impact, ...]

    @property
    def dearer(self) -> tuple[Impact, ...]:
        """Who would pay more."""
        return tuple(i for i in self.impacts if i.difference and i.difference.minor > 0)

    @property
    def cheaper(self) -> tuple[Impact, ...]:
        """Who would pay less."""
        return tuple(i for i in self.impacts if i.difference and i.difference.minor < 0)

    @property
    def moved(self) -> tuple[Impact, ...]:
        """Who would be moved at all."""
        return tuple(i for i in self.impacts if i.reason is None)


@dataclass(frozen=True, slots=True)
class PreviewMigration:
    """Weigh a migration over all tenants, each in a transaction of its own. Changes nothing."""

    staff: StaffWork
    work: UnitOfWork
    weighing: Weighing
    clock: Clock

    async def __call__(
        self, *, plan_code: str, mode: MigrationMode, on_date: datetime | None = None
    ) -> MigrationPreview:
        """Return who would pay more and who less, on the usage of the last closed period.

        Raises:
            PlanNotFound: no plan of that code is on sale.
            MigrationDateInvalid: the date is missing, past, or not wanted.
        """
        migration, label = await self.decide(plan_code, mode, on_date, actor="preview")
        async with self.staff() as session:
            found = await MigrationRepository(session).ever_on(plan_code)
        impacts = [await self._impact(migration, *subject) for subject in found]
        return MigrationPreview(label, tuple(impacts))

    async def decide(
        self, plan_code: str, mode: MigrationMode, on_date: datetime | None, actor: str
    ) -> tuple[PlanMigration, str]:
        """Return the decision as it would be kept, and the newest version's label.

        Raises:
            PlanNotFound, MigrationDateInvalid: see `__call__`.
        """
        now = self.clock.now()
        on_time = (on_date is not None) == (mode is MigrationMode.ON_DATE)
        if not on_time or (on_date is not None and on_date < now):
            said = "–" if on_date is None else instant_text(on_date)  # noqa: RUF001 - a dash for none
            raise MigrationDateInvalid(on_date=said, field="on_date")
        async with self.staff() as session:
            plan = await CatalogRepository(session).plan(plan_code)
        migration = PlanMigration(
            id=PlanMigrationId(new_id()),
            plan_code=plan_code,
            to_version=plan.id,
            mode=mode,
            on_date=on_date,
            made_at=now,
            made_by=actor,
        )
        return migration, plan.label

    async def _impact(
        self, migration: PlanMigration, tenant_id: TenantId, subscription_id: SubscriptionId
    ) -> Impact:
        """Weigh one subscription in a transaction that is rolled back: nothing is invoiced."""
        try:
            async with self.work(tenant_id) as session:
                await self._weigh_and_undo(session, migration, tenant_id, subscription_id)
        except _Undone as undone:
            return undone.impact

    async def _weigh_and_undo(
        self,
        session: AsyncSession,
        migration: PlanMigration,
        tenant_id: TenantId,
        subscription_id: SubscriptionId,
    ) -> NoReturn:
        raise _Undone(await self._weighed(session, migration, tenant_id, subscription_id))

    async def _weighed(
        self,
        session: AsyncSession,
        migration: PlanMigration,
        tenant_id: TenantId,
        subscription_id: SubscriptionId,
    ) -> Impact:
        timeline = await SubscriptionRepository(session).timeline(subscription_id)
        customer, label = "", ""
        before: Money | None = None
        after: Money | None = None
        effective_at, reason = None, None
        try:
            books = await self.weighing.changing.current_books(session, tenant_id)
            customer = books.organisation.name
            held = timeline.segment_at(max(books.now, timeline.started_at))
            if held is not None:
                label = books.versions.plans[held.plan_version_id].label
            found = await weigh_move(self.weighing, session, books, migration, subscription_id)
        except TallyardError as error:
            reason = error.code
        else:
            if isinstance(found, Skipped):
                reason = found.reason
            elif found.projection is not None:
                before, after = found.projection.before.total, found.projection.after.total
                effective_at = found.proposal.effective_at
        return Impact(
            tenant_id=tenant_id,
            customer=customer,
            subscription_id=subscription_id,
            from_label=label,
            before=before,
            after=after,
            effective_at=effective_at,
            reason=reason,
        )


class _Undone(Exception):
    """Rolls a preview's transaction back with its answer."""

    def __init__(self, impact: Impact) -> None:
        super().__init__("a preview changes nothing")
        self.impact = impact
