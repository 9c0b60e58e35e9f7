"""Promotional credit that comes again: each cycle's grant, and what becomes of its rest."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

from billing.domain.assembling import Scope
from billing.domain.discounts.records import PROMOTION, Grant, granted
from control_plane.kernel.anchor import Anchor
from control_plane.kernel.money import Money

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Rollover:
    """What becomes of a grant's rest at the end of its cycle.

    It lasts for ``cycles`` more (0: it lapses; None: without end). Of all rests together at most
    ``most`` passes one boundary; the youngest pass first, and what is beyond lapses.
    """

    cycles: int | None = 0
    most: Money | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """A credit granted at every boundary of ``anchor``, from its 0-th on, ``times`` times.

    ``following`` is the first boundary that was not passed yet; None once nothing is to come and
    nothing of it ends any more. From ``ended_at`` on nothing is granted.
    """

    id: UUID
    amount: Money
    reason: str
    anchor: Anchor
    rollover: Rollover = Rollover()
    times: int | None = None
    priority: int = 0
    scope: Scope = field(default_factory=Scope)
    following: int | None = 0
    ended_at: datetime | None = None

    @property
    def next_at(self) -> datetime | None:
        """When something happens next."""
        return None if self.following is None else self.anchor.boundary(self.following)

    def grants_at(self, n: int) -> bool:
        """Tell whether something is granted at the n-th boundary."""
        if self.times is not None and n >= self.times:
            return False
        return self.ended_at is None or self.anchor.boundary(n) < self.ended_at


@dataclass(frozen=True, slots=True)
class Standing:
    """A schedule and the grants it made, as they stand once its boundaries are passed."""

    schedule: Schedule
    grants: tuple[Grant, ...]


def advance(schedule: Schedule, grants: Iterable[Grant], upto: datetime) -> Standing:
    """Pass every boundary up to an instant, that instant included, each once and in order.

    However late and in however many steps it is called, the same grants come about.
    """
    standing = Standing(schedule, tuple(grants))
    while (at := standing.schedule.next_at) is not None and at <= upto:
        standing = _pass(standing, at)
    return standing


def _pass(standing: Standing, at: datetime) -> Standing:
    schedule, n = standing.schedule, standing.schedule.following or 0
    grants = [*_rolled(schedule, standing.grants, n, at)]
    if schedule.grants_at(n):
        grants.append(_occurrence(schedule, n))
    alive = any(g.expires_at is not None and g.expires_at > at and _left(g) for g in grants)
    more = n + 1 if alive or schedule.grants_at(n + 1) else None
    return Standing(replace(schedule, following=more), tuple(grants))


def _rolled(schedule: Schedule, grants: Sequence[Grant], n: int, at: datetime) -> Iterable[Grant]:
    """Let what ends at a boundary pass it, or lapse; what is set aside passes or stays."""
    room = None if schedule.rollover.most is None else schedule.rollover.most.minor
    for grant in sorted(grants, key=lambda g: (g.granted_at, g.id.int), reverse=True):
        if grant.expires_at != at:
            yield grant
            continue
        kept = grant.free.minor if grant.rolls_left != 0 else 0
        kept = kept if room is None else min(kept, room)
        room = None if room is None else room - kept
        lapsed = replace(grant.free, minor=grant.free.minor - kept)
        rest = replace(grant, free=grant.free - lapsed, expired=grant.expired + lapsed)
        yield _renewed(schedule, rest, n) if grant.rolls_left != 0 and _left(rest) else rest


def _renewed(schedule: Schedule, grant: Grant, n: int) -> Grant:
    """Give what passed a boundary its next end; what never ends has none once all is granted."""
    left = grant.rolls_left
    if left is None and not schedule.grants_at(n):
        return replace(grant, expires_at=None)
    ends = schedule.anchor.boundary(n + 1)
    return replace(grant, expires_at=ends, rolls_left=None if left is None else left - 1)


def _left(grant: Grant) -> bool:
    return bool(grant.free.minor or grant.held.minor)


def _occurrence(schedule: Schedule, n: int) -> Grant:
    at = schedule.anchor.boundary(n)
    return replace(
        granted(
            PROMOTION,
            schedule.reason,
            schedule.amount,
            at,
            grant_id=occurrence_id(schedule.id, n, at),
            priority=schedule.priority,
            expires_at=schedule.anchor.boundary(n + 1),
            scope=schedule.scope,
        ),
        rolls_left=schedule.rollover.cycles,
        schedule_id=schedule.id,
        nth=n,
    )


def occurrence_id(schedule_id: UUID, n: int, at: datetime) -> UUID:
    """Return the id of a schedule's n-th grant: a UUIDv7 of its instant, the same every time.

    So a preview names the very grant that the invoice will use, before there is a row of it.
    """
    said = int.from_bytes(sha256(f"{schedule_id}:{n}".encode()).digest())
    value = ((at - _EPOCH) // _MILLISECOND & ((1 << 48) - 1)) << 80
    value |= 0x7 << 76 | (said & 0xFFF) << 64
    value |= 0b10 << 62 | (said >> 12) & ((1 << 62) - 1)
    return UUID(int=value)
