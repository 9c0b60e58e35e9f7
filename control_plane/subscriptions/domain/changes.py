"""The entries of a timeline, and the stretches and bookings read from them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal, TypeAlias

from control_plane.kernel.calendar import Anchor, Interval, Period
from control_plane.kernel.ids import AddonVersionId, ChangeId, PlanVersionId, SubscriptionId
from control_plane.kernel.money import Money
from control_plane.subscriptions.domain.terms import Terms

ChangeReason: TypeAlias = Literal["change", "migration"]


@dataclass(frozen=True, slots=True)
class Start:
    """The subscription begins on a plan; its periods run from ``anchor``.

    With a trial nothing is charged before ``trial_end``, and the first period starts
    there, unless ``aligned`` keeps the anchor's own boundaries (the first of the month,
    say), which makes the first period short. ``quantities`` counts components, such as
    seats; what is not named counts as 1.
    """

    plan_version_id: PlanVersionId
    currency: str
    interval: Interval
    anchor: Anchor
    trial_end: datetime | None = None
    quantities: Mapping[str, int] = field(default_factory=dict)
    terms: Terms | None = None
    aligned: bool = False


@dataclass(frozen=True, slots=True)
class ChangePlan:
    """From here on another plan holds, whatever plan was scheduled for later.

    Another ``interval`` or ``count`` than before restarts the periods at this change; with
    ``keep_anchor`` they are counted from the old anchor. A ``migration`` goes to
    another version of the same plan, and leaves negotiated terms in force.
    """

    plan_version_id: PlanVersionId
    interval: Interval
    count: int = 1
    keep_anchor: bool = False
    reason: ChangeReason = "change"


@dataclass(frozen=True, slots=True)
class ChangeQuantity:
    """From here on there are so many of a component, whatever was scheduled for later."""

    component: str
    quantity: int


@dataclass(frozen=True, slots=True)
class ExtendTrial:
    """The trial ends at ``until``: later than before, or earlier, but never in the past."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Pause:
    """From here on nothing is granted, until it is resumed. Periods keep being counted."""


@dataclass(frozen=True, slots=True)
class Resume:
    """From here on it is not paused any more; before a scheduled pause, it takes that back."""


@dataclass(frozen=True, slots=True)
class BookAddon:
    """An add-on holds during ``window``, as long as the subscription lives.

    ``price`` is that of one, for the whole window, as fixed at booking; None takes the
    version's price for the lead time of the booking.
    """

    addon_version_id: AddonVersionId
    window: Period
    quantity: int = 1
    price: Money | None = None


@dataclass(frozen=True, slots=True)
class ChangeBooking:
    """A booking holds during another window; each day costs what it cost at booking."""

    booking: ChangeId
    window: Period


@dataclass(frozen=True, slots=True)
class CancelBooking:
    """A booking is given up; what is given back follows from the lead time."""

    booking: ChangeId


@dataclass(frozen=True, slots=True)
class SetTerms:
    """From here on these terms hold; None goes back to the list price."""

    terms: Terms | None


@dataclass(frozen=True, slots=True)
class Cancel:
    """The subscription ends here; the last recorded cancellation counts."""


@dataclass(frozen=True, slots=True)
class Reactivate:
    """Before the end, it takes the cancellation back; after it, a new cycle starts here."""


Action: TypeAlias = (
    Start
    | ChangePlan
    | ChangeQuantity
    | ExtendTrial
    | Pause
    | Resume
    | BookAddon
    | ChangeBooking
    | CancelBooking
    | SetTerms
    | Cancel
    | Reactivate
)


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of a timeline; ``seq`` counts from 1 in the order of recording."""

    id: ChangeId
    subscription_id: SubscriptionId
    seq: int
    effective_at: datetime
    known_at: datetime
    action: Action

    @property
    def acts_at(self) -> datetime:
        """When it first makes a difference to what is owed."""
        return max(self.effective_at, self.known_at)


class Status(StrEnum):
    """Where a subscription is in its life."""

    SCHEDULED = "scheduled"
    ACTIVE = "active"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of time in one state; ``end`` is None while nothing ends it.

    ``change_id`` names the change that brought its plan. Periods within it run from
    ``anchor``, which restarts only when the interval changed.
    """

    change_id: ChangeId
    start: datetime
    end: datetime | None
    plan_version_id: PlanVersionId
    anchor: Anchor
    quantities: Mapping[str, int] = field(default_factory=dict)
    paused: bool = False
    trial: bool = False
    terms: Terms | None = None

    @property
    def interval(self) -> Interval:
        """What one period is a multiple of."""
        return self.anchor.interval

    @property
    def count(self) -> int:
        """How many intervals one period has."""
        return self.anchor.count

    def quantity(self, component: str | None) -> int:
        """Return how many of a component there are; 1 of what nobody counts."""
        return 1 if component is None else self.quantities.get(component, 1)

    def holds(self, at: datetime) -> bool:
        """Tell whether ``at`` is within."""
        return self.start <= at and (self.end is None or at < self.end)


@dataclass(frozen=True, slots=True)
class Life:
    """A stretch in which the subscription is there; reactivation after the end opens another."""

    start: datetime
    end: datetime | None

    def holds(self, at: datetime) -> bool:
        """Tell whether ``at`` is within."""
        return self.start <= at and (self.end is None or at < self.end)


@dataclass(frozen=True, slots=True)
class AddonBooking:
    """An add-on as it is booked now, ``window``, and as it was at first, ``booked``.

    ``cancelled_at`` is when it was given up, or the subscription ended before its window did.
    """

    change_id: ChangeId
    addon_version_id: AddonVersionId
    window: Period
    known_at: datetime
    booked_at: datetime
    booked: Period
    quantity: int = 1
    price: Money | None = None
    cancelled_at: datetime | None = None

    @property
    def granted(self) -> Period | None:
        """When it is there: its window up to where it was given up; None when that is never."""
        if self.cancelled_at is None or self.cancelled_at >= self.window.end:
            return self.window
        if self.cancelled_at <= self.window.start:
            return None
        return Period(self.window.start, self.cancelled_at)
