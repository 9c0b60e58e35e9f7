"""The plans of a timeline as rating version 2026.1 laid them; it knew four actions."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from control_plane.kernel.calendar import Anchor
from control_plane.kernel.ids import ChangeId, PlanVersionId, SubscriptionId
from control_plane.subscriptions.domain import Cancel, Change, ChangePlan, Start
from control_plane.subscriptions.domain import Timeline as RecordedTimeline


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of time on one plan; ``end`` is None while nothing ends it."""

    change_id: ChangeId
    start: datetime
    end: datetime | None
    plan_version_id: PlanVersionId
    anchor: Anchor

    def holds(self, at: datetime) -> bool:
        """Tell whether ``at`` is within."""
        return self.start <= at and (self.end is None or at < self.end)


@dataclass(frozen=True, slots=True)
class Timeline:
    """The changes of one subscription, the first of which starts it."""

    subscription_id: SubscriptionId
    changes: tuple[Change, ...]

    @classmethod
    def of(cls, recorded: RecordedTimeline, through: int) -> "Timeline":
        """Return the first ``through`` entries of what is recorded."""
        return cls(recorded.subscription_id, recorded.changes[:through])

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
        """From where its first periods are counted."""
        return self.start.anchor

    @property
    def ended_at(self) -> datetime | None:
        """When it ends or ended; None while nobody cancelled."""
        ends = [c.effective_at for c in self.changes if isinstance(c.action, Cancel)]
        return ends[-1] if ends else None

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The plans in order, gapless from the start to the end."""
        laid: list[Segment] = []
        for change in self.changes:
            if isinstance(change.action, Start | ChangePlan):
                laid = [*_cut(laid, change.effective_at), _segment(change, laid)]
        end = self.ended_at
        return tuple(laid if end is None else _cut(laid, end))

    def segment_at(self, at: datetime) -> Segment | None:
        """Return the segment that holds at an instant, None outside its life."""
        return next((s for s in self.segments if s.holds(at)), None)


def _segment(change: Change, before: list[Segment]) -> Segment:
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
    def cut() -> Iterator[Segment]:
        for segment in segments:
            if segment.start < at:
                end = at if segment.end is None else min(segment.end, at)
                yield replace(segment, end=end)

    return list(cut())
