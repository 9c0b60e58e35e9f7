"""Use case: show how a tenant stands, what comes next, and what has happened."""

from dataclasses import dataclass
from datetime import datetime

from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.sdk.snapshot import Standing
from control_plane.standing.domain import Case, Step, Story, Upcoming, upcoming
from control_plane.standing.ladders import ladder_of
from control_plane.standing.repository import StandingRepository
from control_plane.tenancy.clocks import TenantClock
from control_plane.tenancy.repository import OrganisationRepository


@dataclass(frozen=True, slots=True)
class StandingView:
    """How a tenant stands at ``at``. Every instant is its own time.

    ``overdue_since`` is when its oldest open invoice fell overdue; None while none is. ``next`` is
    what comes if nothing is paid; None where nothing does, as on a plan without a ladder.
    ``hold`` is the one in force. ``steps`` is everything that happened, the first first.
    """

    at: datetime
    standing: Standing
    entered_at: datetime | None
    overdue_since: datetime | None
    next: Upcoming | None
    hold: Step | None
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class ReadStanding:
    """Show a tenant's standing as it was last worked out."""

    work: UnitOfWork
    tenant_clock: TenantClock

    async def __call__(self, tenant_id: TenantId) -> StandingView:
        """Return it.

        Raises:
            OrganisationNotFound: there is no such tenant.
        """
        async with self.work(tenant_id) as session:
            organisation = await OrganisationRepository(session).get(tenant_id)
            at = await self.tenant_clock.now(session, tenant_id)
            ladders = StandingRepository(session)
            since = (await ladders.read(tenant_id)).since
            story = Story.of(steps := await ladders.steps(tenant_id))
            ladder = await ladder_of(session, tenant_id, since) if since else None
        case = Case(ladder, since, organisation.zone) if since and ladder else None
        return StandingView(
            at=at,
            standing=story.standing,
            entered_at=None if story.entered is None else story.entered.at,
            overdue_since=since if since and since <= at else None,
            next=upcoming(story, case, at),
            hold=story.hold if story.held_until(at) else None,
            steps=steps,
        )
