"""One subscription of a migration, weighed: whether it moves, when, and what that means."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from billing.changing import find_timeline
from billing.closing import Books
from billing.domain.life.migrations import MigrationMode, PlanMigration
from billing.domain.life.requests import PlanWanted
from billing.services.subscriptions.desk import period_end
from billing.services.subscriptions.weighing import Weighed, Weighing
from control_plane.kernel.ids import SubscriptionId
from control_plane.subscriptions.domain import Segment, Timeline


@dataclass(frozen=True, slots=True)
class Skipped:
    """A subscription that is left alone, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Movable:
    """A subscription that moves: what it holds now, and from when it is to hold the newest."""

    timeline: Timeline
    segment: Segment
    effective_at: datetime


def movable(
    books: Books, migration: PlanMigration, subscription_id: SubscriptionId
) -> Movable | Skipped:
    """Tell whether a subscription is to be moved.

    Left alone is what has ended or ends before, what left the plan or leaves it before, and what
    holds the newest version already.
    """
    timeline = find_timeline(books, subscription_id)
    now = max(books.now, timeline.started_at)
    segment = timeline.segment_at(now)
    if segment is None:
        return Skipped("ended")
    if books.versions.plans[segment.plan_version_id].code != migration.plan_code:
        return Skipped("another_plan")
    effective_at = _effective_at(migration, segment, now)
    then = timeline.segment_at(effective_at)
    if then is None:
        return Skipped("ends_before")
    if books.versions.plans[then.plan_version_id].code != migration.plan_code:
        return Skipped("leaves_before")
    if then.plan_version_id == migration.to_version:
        return Skipped("up_to_date")
    return Movable(timeline, segment, effective_at)


def _effective_at(migration: PlanMigration, segment: Segment, now: datetime) -> datetime:
    if isinstance(migration.when, datetime):
        return max(migration.when, now)
    at_once = migration.mode is MigrationMode.AT_ONCE
    return now if at_once else max(period_end(segment, now), now)


async def weigh_move(
    weighing: Weighing,
    session: AsyncSession,
    books: Books,
    migration: PlanMigration,
    subscription_id: SubscriptionId,
) -> Weighed | Skipped:
    """Lay one move out, priced, or say why there is none.

    Raises:
        PriceNotFound: the newest version is not sold at the subscription's interval or currency.
        ModuleAlreadySubscribed: the newest version covers another subscription's module.
    """
    found = movable(books, migration, subscription_id)
    if isinstance(found, Skipped):
        return found
    request = PlanWanted(
        plan_code=migration.plan_code,
        when=found.effective_at,
        keep_anchor=True,
        plan_version=migration.to_version,
        migration=True,
    )
    desk = await weighing.desk(session, books, books.now, staff=True, request=request)
    return await weighing.weigh(session, desk, subscription_id, request)
