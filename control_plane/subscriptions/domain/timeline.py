"""What a tenant bought, as an append-only timeline of effective-dated changes.

Each change says two times: ``effective_at``, from when it holds, and
``known_at``, when it was recorded. Nothing is edited, so any past moment can be
asked again, also as it was known then (`Timeline.known_by`).
"""

from dataclasses import dataclass, field, replace
from datetime import datetime

from control_plane.kernel.calendar import Anchor, Period, instant_text
from control_plane.kernel.ids import ChangeId, PlanVersionId, SubscriptionId, format_id
from control_plane.subscriptions.domain.bookings import laid_bookings
from control_plane.subscriptions.domain.changes import (
    Action,
    AddonBooking,
    Change,
    Life,
    Segment,
    Start,
    Status,
)
from control_plane.subscriptions.domain.layout import Layout
from control_plane.subscriptions.domain.refusals import require_possible
from control_plane.subscriptions.errors import AlreadyStarted, TrialEndInvalid


@dataclass(frozen=True, slots=True)
class Timeline:
    """The changes of one subscription, the first of which starts it."""

    subscription_id: SubscriptionId
    changes: tuple[Change, ...]
    _laid: list[Layout] = field(default_factory=list, init=False, repr=False, compare=False)
    _segments: list[tuple[Segment, ...]] = field(
        default_factory=list, init=False, repr=False, compare=False
    )
    _bookings: list[tuple[AddonBooking, ...]] = field(
        default_factory=list, init=False, repr=False, compare=False
    )

    @property
    def start(self) -> Start:
        """The action that started it."""
        action = self.changes[0].action
        if not isinstance(action, Start):
            raise TypeError(f"timeline {self.subscription_id} does not begin with a start")
        return action

    @property
    def started_at(self) -> datetime:
        """When it starts, or started."""
        return self.changes[0].effective_at

    @property
    def currency(self) -> str:
        """The code of the currency it is sold in."""
        return self.start.currency

    @property
    def anchor(self) -> Anchor:
        """From where its first periods are counted (see also `Segment.anchor`)."""
        return self.start.anchor

    @property
    def ended_at(self) -> datetime | None:
        """When it ends or ended; None while nobody cancelled, or it was reactivated."""
        return self.layout().ended_at

    @property
    def trial_end(self) -> datetime | None:
        """When its trial ends or ended; None without one."""
        return self.layout().trial_end

    @property
    def lives(self) -> tuple[Life, ...]:
        """From when until when it is there: more than once if reactivated after its end."""
        return tuple(self.layout().lives)

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The states in order, gapless within each life.

        A change recorded later wins from its effective instant onwards, so it
        also takes away what had been scheduled after it.
        """
        if not self._segments:
            self._segments.append(self.layout().segments())
        return self._segments[0]

    def layout(self) -> Layout:
        """Lay out all changes; done once, however much is asked."""
        if not self._laid:
            self._laid.append(Layout.of(self.changes))
        return self._laid[0]

    def status_at(self, at: datetime) -> Status:
        """Tell where in its life the subscription is at an instant."""
        if at < self.started_at:
            return Status.SCHEDULED
        alive = any(life.holds(at) for life in self.lives)
        return Status.ACTIVE if alive else Status.ENDED

    def segment_at(self, at: datetime) -> Segment | None:
        """Return the segment that holds at an instant, None outside its life."""
        return next((s for s in self.segments if s.holds(at)), None)

    def plan_at(self, at: datetime) -> PlanVersionId | None:
        """Return the plan that holds at an instant, None outside its life."""
        segment = self.segment_at(at)
        return None if segment is None else segment.plan_version_id

    def plan_segments(self, period: Period) -> tuple[tuple[Period, PlanVersionId], ...]:
        """Return the plans held within a period, in order, cut to it."""
        return tuple(
            (Period(start, end), segment.plan_version_id)
            for segment in self.segments
            for start, end in [_within(segment, period)]
            if start < end
        )

    def addon_bookings(self) -> tuple[AddonBooking, ...]:
        """Return the add-ons as they are booked now, in the order of booking."""
        if not self._bookings:
            self._bookings.append(laid_bookings(self.changes, self.lives))
        return self._bookings[0]

    def known_by(self, at: datetime) -> "Timeline | None":
        """Return the timeline as recorded up to and including ``at``, None before all of it."""
        known = tuple(change for change in self.changes if change.known_at <= at)
        return Timeline(self.subscription_id, known) if known else None

    def effective_by(self, at: datetime) -> "Timeline | None":
        """Return the timeline of what has taken effect up to and including ``at``.

        Whenever it was recorded: what is owed at ``at`` follows from this alone. None
        before the start.
        """
        held = tuple(change for change in self.changes if change.effective_at <= at)
        if len(held) == len(self.changes):
            return self
        return Timeline(self.subscription_id, held) if at >= self.started_at else None

    def with_change(
        self, change_id: ChangeId, action: Action, *, effective_at: datetime, known_at: datetime
    ) -> "Timeline":
        """Return the timeline with one more change at its end.

        Raises:
            AlreadyStarted: the action is a start.
            ChangeBeforeStart: it would take effect before the start.
            SubscriptionEnded: it would take effect at or after the end. A
                cancellation may bring the end forward; only `Reactivate` moves it back.
            NotCancelled, NoTrial, TrialEndInvalid, AlreadyPaused, NotPaused, QuantityInvalid,
            IntervalCountInvalid, BookingNotFound, BookingOver, WindowInvalid: the action
                makes no sense there.
        """
        if isinstance(action, Start):
            raise AlreadyStarted(subscription_id=format_id("sub", self.subscription_id))
        require_possible(self.layout(), self.addon_bookings(), action, effective_at)
        change = Change(
            id=change_id,
            subscription_id=self.subscription_id,
            seq=len(self.changes) + 1,
            effective_at=effective_at,
            known_at=known_at,
            action=action,
        )
        return replace(self, changes=(*self.changes, change))


def new_timeline(
    subscription_id: SubscriptionId,
    change_id: ChangeId,
    start: Start,
    *,
    effective_at: datetime,
    known_at: datetime,
) -> Timeline:
    """Return the timeline of a subscription that starts.

    Raises:
        TrialEndInvalid: its trial would end before it starts.
    """
    if start.trial_end is not None and start.trial_end < effective_at:
        raise TrialEndInvalid(until=instant_text(start.trial_end), field="trial_end")
    change = Change(
        id=change_id,
        subscription_id=subscription_id,
        seq=1,
        effective_at=effective_at,
        known_at=known_at,
        action=start,
    )
    return Timeline(subscription_id, (change,))


def _within(segment: Segment, period: Period) -> tuple[datetime, datetime]:
    end = period.end if segment.end is None else min(segment.end, period.end)
    return max(segment.start, period.start), end
