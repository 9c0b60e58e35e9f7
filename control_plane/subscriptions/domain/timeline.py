"""What a tenant bought, as an append-only timeline of effective-dated changes.

Each change says two times: ``effective_at``, from when it holds, and
``known_at``, when it was recorded. Nothing is edited, so any past moment can be
asked again, also as it was known then (`Timeline.known_by`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from control_plane.kernel.calendar import Anchor, Period, instant_text
from control_plane.kernel.ids import ChangeId, PlanVersionId, SubscriptionId, format_id
from control_plane.subscriptions.domain.changes import (
    Action,
    AddonBooking,
    BookAddon,
    Cancel,
    Change,
    ChangePlan,
    Segment,
    Start,
    Status,
)
from control_plane.subscriptions.errors import (
    AlreadyStarted,
    ChangeBeforeStart,
    SubscriptionEnded,
)


@dataclass(frozen=True, slots=True)
class Timeline:
    """The changes of one subscription, the first of which starts it."""

    subscription_id: SubscriptionId
    changes: tuple[Change, ...]

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
        """When it ends or ended; None while nobody cancelled."""
        ends = [c.effective_at for c in self.changes if isinstance(c.action, Cancel)]
        return ends[-1] if ends else None

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The plans in order, gapless from the start to the end.

        A change recorded later wins from its effective instant onwards, so it
        also takes away what had been scheduled after it.
        """
        laid: list[Segment] = []
        for change in self.changes:
            if isinstance(change.action, Start | ChangePlan):
                laid = [*_cut(laid, change.effective_at), _segment(change, laid)]
        end = self.ended_at
        return tuple(laid if end is None else _cut(laid, end))

    def status_at(self, at: datetime) -> Status:
        """Tell where in its life the subscription is at an instant."""
        end = self.ended_at
        if end is not None and at >= end:
            return Status.ENDED
        return Status.SCHEDULED if at < self.started_at else Status.ACTIVE

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
        """Return the add-ons as booked, in the order of booking."""
        return tuple(
            AddonBooking(
                change_id=change.id,
                addon_version_id=change.action.addon_version_id,
                window=change.action.window,
                known_at=change.known_at,
            )
            for change in self.changes
            if isinstance(change.action, BookAddon)
        )

    def known_by(self, at: datetime) -> "Timeline | None":
        """Return the timeline as recorded up to and including ``at``, None before all of it."""
        known = tuple(change for change in self.changes if change.known_at <= at)
        return Timeline(self.subscription_id, known) if known else None

    def with_change(
        self, change_id: ChangeId, action: Action, *, effective_at: datetime, known_at: datetime
    ) -> "Timeline":
        """Return the timeline with one more change at its end.

        Raises:
            AlreadyStarted: the action is a start.
            ChangeBeforeStart: it would take effect before the start.
            SubscriptionEnded: it would take effect at or after the end. A
                cancellation may bring the end forward, never move it back.
        """
        if isinstance(action, Start):
            raise AlreadyStarted(subscription_id=format_id("sub", self.subscription_id))
        self._require_alive(effective_at)
        change = Change(
            id=change_id,
            subscription_id=self.subscription_id,
            seq=len(self.changes) + 1,
            effective_at=effective_at,
            known_at=known_at,
            action=action,
        )
        return replace(self, changes=(*self.changes, change))

    def _require_alive(self, at: datetime) -> None:
        asked = instant_text(at)
        if at < self.started_at:
            starts_at = instant_text(self.started_at)
            raise ChangeBeforeStart(starts_at=starts_at, effective_at=asked, field="effective_at")
        if self.ended_at is not None and at >= self.ended_at:
            raise SubscriptionEnded(ended_at=instant_text(self.ended_at), effective_at=asked)


def new_timeline(
    subscription_id: SubscriptionId,
    change_id: ChangeId,
    start: Start,
    *,
    effective_at: datetime,
    known_at: datetime,
) -> Timeline:
    """Return the timeline of a subscription that starts."""
    change = Change(
        id=change_id,
        subscription_id=subscription_id,
        seq=1,
        effective_at=effective_at,
        known_at=known_at,
        action=start,
    )
    return Timeline(subscription_id, (change,))


def _segment(change: Change, before: list[Segment]) -> Segment:
    """Open the segment that a start or a plan change brings."""
    action = change.action
    if isinstance(action, Start):
        anchor = action.anchor
    elif isinstance(action, ChangePlan):
        anchor = _holding(before, change.effective_at).anchor
        if action.interval != anchor.interval:
            anchor = Anchor(at=change.effective_at, zone=anchor.zone, interval=action.interval)
    else:
        raise TypeError(f"{action} brings no plan")
    return Segment(
        change_id=change.id,
        start=change.effective_at,
        end=None,
        plan_version_id=action.plan_version_id,
        anchor=anchor,
    )


def _holding(segments: list[Segment], at: datetime) -> Segment:
    return next((s for s in segments if s.holds(at)), segments[-1])


def _cut(segments: list[Segment], at: datetime) -> list[Segment]:
    """Return the segments up to ``at`` and nothing after it."""

    def cut() -> Iterator[Segment]:
        for segment in segments:
            if segment.start < at:
                end = at if segment.end is None else min(segment.end, at)
                yield replace(segment, end=end)

    return list(cut())


def _within(segment: Segment, period: Period) -> tuple[datetime, datetime]:
    end = period.end if segment.end is None else min(segment.end, period.end)
    return max(segment.start, period.start), end
