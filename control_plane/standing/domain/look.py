"""What is to be done on a tenant's ladder at an instant, whenever somebody looks."""

from dataclasses import dataclass
from datetime import datetime

from control_plane.catalog.domain import RUNGS, Ladder
from control_plane.kernel.calendar import Anchor, Interval
from control_plane.sdk.snapshot import Standing
from control_plane.standing.domain.story import Kind, Reason, Story


@dataclass(frozen=True, slots=True)
class Move:
    """One thing to do now: announce a standing, to begin at ``effective_at``, or enter it."""

    kind: Kind
    standing: Standing
    reason: Reason
    effective_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Upcoming:
    """The step that comes next if nothing is paid, and from when at the earliest.

    ``tell_at`` is when it is to be announced; ``announced`` says that it was.
    """

    standing: Standing
    effective_at: datetime
    tell_at: datetime
    announced: bool


@dataclass(frozen=True, slots=True)
class Case:
    """A ladder applied to a debt: ``since`` is when its oldest invoice fell, or falls, overdue."""

    ladder: Ladder
    since: datetime
    zone: str

    def planned(self, standing: Standing) -> datetime | None:
        """Return when a step begins if nothing comes between; None where it never does."""
        days = self.ladder.day_of(standing)
        return None if days is None else self.later(self.since, days)

    def later(self, at: datetime, days: int) -> datetime:
        """Return the instant so many local days later, or earlier."""
        return Anchor(at, self.zone, Interval.DAY).boundary(days)

    def reached(self, standing: Standing, at: datetime) -> Standing:
        """Return the lowest step that is due, no lower than the one that was taken."""
        due = Standing.ACTIVE
        for rung in self.ladder.rungs:
            begins = self.planned(rung)
            if begins is not None and begins <= at:
                due = rung
            if rung is standing:
                return due
        return due if standing is not Standing.ACTIVE else Standing.ACTIVE


def look(story: Story, case: Case | None, at: datetime) -> Move | datetime | None:
    """Return the next move, or until when there is none; None: until something else happens.

    Guarantees, whenever and however rarely it is asked: a step down is taken one at a time, never
    before its day, never sooner after the one before than the ladder has them apart, and never
    without an announcement at least the ladder's notice earlier that named its beginning. Nothing
    goes down while held. What is settled is restored by the next look, held or not.
    """
    floor = case.reached(story.standing, at) if case else Standing.ACTIVE
    if floor is not story.standing:
        return Move(Kind.ENTERED, floor, Reason.SETTLED)
    coming = upcoming(story, case, at)
    if coming is None:
        return None
    return story.held_until(at) or _go_on(coming, at)


def upcoming(story: Story, case: Case | None, at: datetime) -> Upcoming | None:
    """Return the next step down, as it stands at ``at``; None where none is to come."""
    standing = case.ladder.after(story.standing) if case else None
    if case is None or standing is None:
        return None
    told = story.announcement
    if told and told.effective_at and (told.standing, told.since) == (standing, case.since):
        return Upcoming(standing, told.effective_at, told.at, announced=True)
    earliest = _earliest(story, case, standing)
    tell_at = case.later(earliest, -case.ladder.notice)
    told_at = max(at, tell_at, story.held_until(at) or at)
    effective_at = earliest
    if told_at > tell_at:  # late, as after an outage or a hold: the notice is given all the same
        effective_at = max(earliest, case.later(told_at, case.ladder.notice))
    return Upcoming(standing, effective_at, tell_at, announced=False)


def _go_on(coming: Upcoming, at: datetime) -> Move | datetime:
    if coming.announced:
        due = at >= coming.effective_at
        return Move(Kind.ENTERED, coming.standing, Reason.OVERDUE) if due else coming.effective_at
    if at < coming.tell_at:
        return coming.tell_at
    return Move(Kind.ANNOUNCED, coming.standing, Reason.OVERDUE, coming.effective_at)


def _earliest(story: Story, case: Case, standing: Standing) -> datetime:
    """Return when a step may begin: on its day, and as long after the last one as was agreed."""
    days = case.ladder.days[RUNGS.index(standing)]
    planned = case.later(case.since, days)
    before, entered = case.ladder.day_of(story.standing), story.entered
    if before is None or entered is None or entered.reason != Reason.OVERDUE:
        return planned
    return max(planned, case.later(entered.at, days - before))
