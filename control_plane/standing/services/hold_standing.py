"""Use case: let nothing more happen to whoever does not pay, for a while."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.audit.record import record
from control_plane.kernel.calendar import as_utc, instant_text
from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.standing.domain import Kind, Step, Story
from control_plane.standing.errors import HoldEndInvalid, HoldReasonMissing, NothingHeld
from control_plane.standing.repository import StandingRepository
from control_plane.tenancy.clocks import TenantClock
from control_plane.tenancy.repository import OrganisationRepository

LONGEST_REASON = 500
LONGEST_HOLD = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class HoldStanding:
    """Keep a tenant where it stands until an instant of its own time; another hold replaces this.

    What was announced does not happen meanwhile, and is announced anew when the hold has ended.
    Paying restores at once, held or not.
    """

    work: UnitOfWork
    tenant_clock: TenantClock

    async def __call__(
        self, *, tenant_id: TenantId, reason: str, until: datetime, actor: str
    ) -> Step:
        """Hold the ladder.

        Raises:
            OrganisationNotFound: there is no such tenant.
            HoldReasonMissing: nobody could read why.
            HoldEndInvalid: the end is not ahead, or more than a year ahead.
        """
        text = " ".join(reason.split())
        if not 1 <= len(text) <= LONGEST_REASON or not text.isprintable():
            raise HoldReasonMissing(most=LONGEST_REASON, field="reason")
        end = as_utc(until)
        async with self.work(tenant_id) as session:
            await OrganisationRepository(session).get(tenant_id)
            at = await self.tenant_clock.now(session, tenant_id)
            if not at < end <= at + LONGEST_HOLD:
                raise HoldEndInvalid(until=instant_text(end), most=LONGEST_HOLD.days, field="until")
            return await _add(session, tenant_id, Kind.HELD, text, actor, at, end)


@dataclass(frozen=True, slots=True)
class ReleaseStanding:
    """End a hold before its time: what was due meanwhile is announced, with its full notice."""

    work: UnitOfWork
    tenant_clock: TenantClock

    async def __call__(self, *, tenant_id: TenantId, actor: str) -> Step:
        """Release the ladder.

        Raises:
            OrganisationNotFound: there is no such tenant.
            NothingHeld: no hold is in force.
        """
        async with self.work(tenant_id) as session:
            await OrganisationRepository(session).get(tenant_id)
            at = await self.tenant_clock.now(session, tenant_id)
            ladders = StandingRepository(session)
            await ladders.lock(tenant_id)
            if Story.of(await ladders.steps(tenant_id)).held_until(at) is None:
                raise NothingHeld
            return await _add(session, tenant_id, Kind.RELEASED, "", actor, at, None)


async def _add(
    session: AsyncSession,
    tenant_id: TenantId,
    kind: Kind,
    reason: str,
    actor: str,
    at: datetime,
    until: datetime | None,
) -> Step:
    ladders = StandingRepository(session)
    await ladders.lock(tenant_id)
    kept = await ladders.read(tenant_id)
    story = Story.of(await ladders.steps(tenant_id))
    step = Step(story.length + 1, kind, story.standing, at, kept.since, until, reason, actor)
    await ladders.append(tenant_id, step)
    # Due at once: what comes next, and when, is worked out anew by the next look.
    due = None if kept.since is None else at
    await ladders.keep(tenant_id, story.then(step), since=kept.since, next_at=due)
    # Not the reason: the organisation reads its own audit trail, and staff alone read the step.
    details = {"standing": story.standing.value}
    if until is not None:
        details["until"] = instant_text(until)
    action = f"standing.{kind.value}"
    await record(session, tenant_id, actor, action, "standing", story.standing.value, details)
    return step
