"""Takes the steps that are due on a tenant's ladder."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.audit.record import record
from control_plane.kernel.calendar import instant_text
from control_plane.kernel.ids import TenantId
from control_plane.runtime.outbox import enqueue
from control_plane.runtime.topics import ENTITLEMENTS_CHANGED
from control_plane.standing.domain import Case, Debt, Kind, Move, Step, Story, look
from control_plane.standing.ladders import ladder_of
from control_plane.standing.repository import StandingRepository
from control_plane.standing.telling import tell
from control_plane.tenancy.repository import OrganisationRepository

ACTOR = "standing"


async def walk(
    session: AsyncSession, tenant_id: TenantId, debt: Debt | None, at: datetime
) -> tuple[Step, ...]:
    """Take every step that is due at ``at``, the tenant's own time, and return them.

    The caller holds the tenant's standing (`StandingRepository.lock`) and read ``debt`` after
    that. Steps, what they change of the entitlements, and what is told of them commit together.
    """
    ladders = StandingRepository(session)
    organisation = await OrganisationRepository(session).get(tenant_id)
    case = await case_of(session, tenant_id, debt, organisation.zone)
    story = Story.of(await ladders.steps(tenant_id))
    taken: list[Step] = []
    while isinstance(found := look(story, case, at), Move):
        step = _step(story, found, debt, at)
        await ladders.append(tenant_id, step)
        await tell(session, organisation, step, before=story.standing, debt=debt)
        await _publish(session, tenant_id, step, story)
        story = story.then(step)
        taken.append(step)
    await ladders.keep(tenant_id, story, since=None if debt is None else debt.since, next_at=found)
    return tuple(taken)


async def case_of(
    session: AsyncSession, tenant_id: TenantId, debt: Debt | None, zone: str
) -> Case | None:
    """Return the ladder that a debt is on; None where nothing is owed, or no plan has a ladder."""
    ladder = await ladder_of(session, tenant_id, debt.since) if debt else None
    return None if debt is None or ladder is None else Case(ladder, debt.since, zone)


def _step(story: Story, move: Move, debt: Debt | None, at: datetime) -> Step:
    return Step(
        number=story.length + 1,
        kind=move.kind,
        standing=move.standing,
        at=at,
        since=None if debt is None else debt.since,
        effective_at=move.effective_at,
        reason=move.reason,
        actor=ACTOR,
    )


async def _publish(session: AsyncSession, tenant_id: TenantId, step: Step, story: Story) -> None:
    details = {"standing": step.standing.value, "at": instant_text(step.at)}
    if step.kind is Kind.ENTERED:
        await enqueue(session, tenant_id, ENTITLEMENTS_CHANGED, {})
        details |= {"previous": story.standing.value, "reason": str(step.reason)}
    elif step.effective_at is not None:
        details["effective_at"] = instant_text(step.effective_at)
    action = f"standing.{step.kind.value}"
    await record(session, tenant_id, ACTOR, action, "standing", step.standing.value, details)
