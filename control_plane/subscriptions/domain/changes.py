"""The entries of a timeline, and the stretches and bookings read from them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from control_plane.kernel.calendar import Anchor, Interval, Period
from control_plane.kernel.ids import AddonVersionId, ChangeId, PlanVersionId, SubscriptionId


@dataclass(frozen=True, slots=True)
class Start:
    """The subscription begins on a plan; its periods run from ``anchor``."""

    plan_version_id: PlanVersionId
    currency: str
    interval: Interval
    anchor: Anchor


@dataclass(frozen=True, slots=True)
class ChangePlan:
    """From here on another plan holds, whatever was scheduled for later.

    Another ``interval`` than before restarts the periods at this change.
    """

    plan_version_id: PlanVersionId
    interval: Interval


@dataclass(frozen=True, slots=True)
class BookAddon:
    """An add-on holds during ``window``, as long as the subscription lives."""

    addon_version_id: AddonVersionId
    window: Period


@dataclass(frozen=True, slots=True)
class Cancel:
    """The subscription ends here; the last recorded cancellation counts."""


Action: TypeAlias = Start | ChangePlan | BookAddon | Cancel


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of a timeline; ``seq`` counts from 1 in the order of recording."""

    id: ChangeId
    subscription_id: SubscriptionId
    seq: int
    effective_at: datetime
    known_at: datetime
    action: Action


class Status(StrEnum):
    """Where a subscription is in its life."""

    SCHEDULED = "scheduled"
    ACTIVE = "active"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of time on one plan; ``end`` is None while nothing ends it.

    ``change_id`` names the change that brought it. Periods within it run from
    ``anchor``, which restarts only when the interval changed.
    """

    change_id: ChangeId
    start: datetime
    end: datetime | None
    plan_version_id: PlanVersionId
    anchor: Anchor

    @property
    def interval(self) -> Interval:
        """How long one period is."""
        return self.anchor.interval

    def holds(self, at: datetime) -> bool:
        """Tell whether ``at`` is within."""
        return self.start <= at and (self.end is None or at < self.end)


@dataclass(frozen=True, slots=True)
class AddonBooking:
    """An add-on as it was booked; the subscription's end may cut it short."""

    change_id: ChangeId
    addon_version_id: AddonVersionId
    window: Period
    known_at: datetime
