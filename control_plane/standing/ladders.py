"""Which ladder a tenant is on: its plans', when what it owes fell overdue."""

from collections.abc import Iterable
from datetime import datetime
from functools import reduce

from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.catalog.domain import Ladder, PlanVersion
from control_plane.catalog.repository import CatalogRepository
from control_plane.kernel.ids import PlanVersionId, TenantId
from control_plane.subscriptions.domain import Timeline
from control_plane.subscriptions.repository import SubscriptionRepository


async def ladder_of(session: AsyncSession, tenant_id: TenantId, since: datetime) -> Ladder | None:
    """Return the mildest of the ladders of what was held; None where a plan has none.

    It is the plans of the day on which the oldest open invoice fell overdue that count: a change
    of plan meanwhile neither hastens a step nor puts it off.
    """
    timelines = await SubscriptionRepository(session).timelines(tenant_id)
    versions = await CatalogRepository(session).plan_versions(held_at(timelines, since))
    return mildest(versions.values())


def held_at(timelines: Iterable[Timeline], since: datetime) -> tuple[PlanVersionId, ...]:
    """Return the plans held at an instant; where that is none, those held last of all."""
    known = tuple(timelines)
    then = tuple(plan for timeline in known if (plan := timeline.plan_at(since)) is not None)
    return then or tuple(t.segments[-1].plan_version_id for t in known if t.segments)


def mildest(plans: Iterable[PlanVersion]) -> Ladder | None:
    """Return the ladder that takes each step when the last of the plans' does, if all do."""
    ladders = [plan.ladder for plan in plans]
    if not ladders or None in ladders:
        return None
    return reduce(Ladder.milder, (ladder for ladder in ladders if ladder is not None))
