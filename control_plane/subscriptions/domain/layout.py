"""From recorded changes to what holds when: lives, plans, quantities, pauses and terms.

Every property of a subscription is a track of steps. A change recorded later wins from its
instant on, so it also takes away the steps of its own track that had been scheduled after it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise
from operator import itemgetter
from typing import Generic, TypeVar

from control_plane.kernel.calendar import Anchor
from control_plane.kernel.ids import ChangeId
from control_plane.subscriptions.domain.changes import (
    Action,
    Cancel,
    Change,
    ChangePlan,
    ChangeQuantity,
    ExtendTrial,
    Life,
    Pause,
    Reactivate,
    Resume,
    Segment,
    SetTerms,
    Start,
)
from control_plane.subscriptions.domain.terms import Terms

Value = TypeVar("Value")

_begun = itemgetter(0)


class Track(Generic[Value]):
    """What one property is from which instant on, in order of time."""

    def __init__(self) -> None:
        self.steps: list[tuple[datetime, Value]] = []

    def set(self, at: datetime, value: Value) -> None:
        """Let a value hold from ``at`` on, and nothing that was scheduled from there on."""
        self.cut(at)
        self.steps.append((at, value))

    def cut(self, at: datetime) -> None:
        """Forget what was to hold from ``at`` on."""
        del self.steps[bisect_left(self.steps, at, key=_begun) :]

    def at(self, at: datetime) -> Value | None:
        """Return what holds at an instant, None before the first step."""
        past = bisect_right(self.steps, at, key=_begun)
        return self.steps[past - 1][1] if past else None


@dataclass(frozen=True, slots=True)
class PlanStep:
    """A plan from an instant on; ``restart`` opens a new cycle whatever its interval."""

    change_id: ChangeId
    action: Start | ChangePlan
    restart: bool = False


@dataclass
class Layout:
    """All tracks of one timeline, laid from its changes in the order of recording.

    A reactivation whose life was taken away again has never been: it touches neither plans nor
    pauses nor terms. Other changes recorded in that life stay, as those scheduled after an end do.
    """

    start: Start
    started_at: datetime
    lives: list[Life] = field(default_factory=list)
    plans: Track[PlanStep] = field(default_factory=Track)
    pauses: Track[bool] = field(default_factory=Track)
    terms: Track[Terms | None] = field(default_factory=Track)
    quantities: dict[str, Track[int]] = field(default_factory=dict)
    trial_end: datetime | None = None
    _before: dict[ChangeId, Life] = field(default_factory=dict)

    @classmethod
    def of(cls, changes: Iterable[Change]) -> "Layout":
        """Lay the changes of a timeline, of which the first starts it."""
        first, *rest = changes = tuple(changes)
        if not isinstance(first.action, Start):
            raise TypeError(f"timeline {first.subscription_id} does not begin with a start")
        laid = cls(first.action, first.effective_at, trial_end=first.action.trial_end)
        opened = _lives(changes)
        laid.lives = list(opened.values())
        laid._before = dict(zip(list(opened)[1:], laid.lives, strict=False))
        laid.plans.set(first.effective_at, PlanStep(first.id, first.action))
        laid.terms.set(first.effective_at, first.action.terms)
        for component, quantity in first.action.quantities.items():
            laid.count(first.effective_at, component, quantity)
        for change in rest:
            laid._lay(change)
        return laid

    def _lay(self, change: Change) -> None:
        at = change.effective_at
        match change.action:
            case ChangePlan() as action:
                self._change_plan(at, PlanStep(change.id, action))
                if action.reason == "change":
                    self.terms.set(at, None)
            case ChangeQuantity(component, quantity):
                self.count(at, component, quantity)
            case ExtendTrial(until):
                self.trial_end = until
            case SetTerms(terms):
                self.terms.set(at, terms)
            case action:  # bookings have windows of their own
                self._lay_state(change, action)

    def _change_plan(self, at: datetime, step: PlanStep) -> None:
        """Let a plan hold from ``at`` on, after whatever opened a life there."""
        steps = self.plans.steps
        opened = [n for n, (begun, held) in enumerate(steps) if begun == at and held.restart]
        first = opened[-1] + 1 if opened else bisect_left(steps, at, key=_begun)
        steps[first:] = [(at, step)]

    def _lay_state(self, change: Change, action: Action) -> None:
        match action:
            case Pause() | Resume():
                self.pauses.set(change.effective_at, isinstance(action, Pause))
            case Reactivate() if change.id in self._before:
                self._open(change.effective_at, self._before[change.id])
            case _:
                pass

    def count(self, at: datetime, component: str, quantity: int) -> None:
        """Let there be so many of a component from ``at`` on."""
        self.quantities.setdefault(component, Track()).set(at, quantity)

    def _open(self, at: datetime, before: Life) -> None:
        """Open another life, on the plan that the one before had at its end."""
        over = before.end or at  # it has ended: nothing else can be opened after it
        self.plans.steps = [s for s in self.plans.steps if s[0] < over or s[0] == before.start]
        _, held = self.plans.steps[-1]
        self.plans.steps.append((at, replace(held, restart=True)))
        self.pauses.cut(over)
        self.pauses.set(at, False)
        self.terms.set(at, None)

    @property
    def ended_at(self) -> datetime | None:
        """When the last life ends, None while nothing ends it."""
        return self.lives[-1].end

    def segments(self) -> tuple[Segment, ...]:
        """Return the states in order; gapless within each life."""
        anchors = list(self._anchors())
        return tuple(s for life in self.lives for s in self._states(life, anchors))

    def _states(
        self, life: Life, anchors: list[tuple[datetime, PlanStep, Anchor]]
    ) -> Iterator[Segment]:
        """Yield the segments of a life, without cuts at which nothing changes."""
        last: Segment | None = None
        for start, end in self._stretches(life):
            segment = self._segment(start, end, anchors)
            if last is None:
                last = segment
            elif _alike(last, segment):
                last = replace(last, end=end)
            else:
                yield last
                last = segment
        if last is not None:
            yield last

    def _stretches(self, life: Life) -> Iterator[tuple[datetime, datetime | None]]:
        if life.end is not None and life.end <= life.start:
            return
        within = {edge for edge in self._edges() if edge > life.start and life.holds(edge)}
        edges: list[datetime | None] = [life.start, *sorted(within), life.end]
        for start, end in pairwise(edges):
            if start is not None:
                yield start, end

    def _edges(self) -> Iterator[datetime]:
        yield from (start for start, _ in self.plans.steps)
        yield from (start for start, _ in self.pauses.steps)
        for start, terms in self.terms.steps:
            yield start
            if terms is not None and terms.end is not None:
                yield terms.end
        for track in self.quantities.values():
            yield from (start for start, _ in track.steps)
        if self.trial_end is not None:
            yield self.trial_end

    def _segment(
        self,
        start: datetime,
        end: datetime | None,
        anchors: list[tuple[datetime, PlanStep, Anchor]],
    ) -> Segment:
        _, step, anchor = anchors[bisect_right(anchors, start, key=_begun) - 1]
        terms = self.terms.at(start)
        if terms is not None and terms.end is not None and terms.end <= start:
            terms = None
        return Segment(
            change_id=step.change_id,
            start=start,
            end=end,
            plan_version_id=step.action.plan_version_id,
            anchor=anchor,
            quantities=self._quantities(start),
            paused=self.pauses.at(start) or False,
            trial=self.in_trial(start),
            terms=terms,
        )

    def _quantities(self, at: datetime) -> Mapping[str, int]:
        held = {code: track.at(at) for code, track in self.quantities.items()}
        return {code: quantity for code, quantity in held.items() if quantity is not None}

    def in_trial(self, at: datetime) -> bool:
        """Tell whether the trial is on at an instant. Only the first life has one."""
        return self.trial_end is not None and at < self.trial_end and self.lives[0].holds(at)

    def _anchors(self) -> Iterator[tuple[datetime, PlanStep, Anchor]]:
        """Yield every plan with the anchor that its periods run from."""
        anchor, trial_end = self.start.anchor, self.trial_end
        if trial_end is not None and not self.start.aligned:
            anchor = replace(anchor, at=max(trial_end, self.started_at))
        for at, step in self.plans.steps:
            anchor = self._next_anchor(at, step, anchor)
            yield at, step, anchor

    def _next_anchor(self, at: datetime, step: PlanStep, anchor: Anchor) -> Anchor:
        action = step.action
        sold = action.anchor if isinstance(action, Start) else action
        kept = anchor
        if (sold.interval, sold.count) != (anchor.interval, anchor.count):
            kept = replace(anchor, interval=sold.interval, count=sold.count)
        if step.restart:
            return kept if self.start.aligned else replace(kept, at=at)
        if isinstance(action, Start) or kept == anchor:
            return anchor
        if action.keep_anchor or self.in_trial(at):
            return kept
        return replace(kept, at=at)


def _lives(changes: Iterable[Change]) -> dict[ChangeId, Life]:
    """Return every life that is left in the end, in order, by the change that opened it."""
    lives: dict[ChangeId, Life] = {}
    for change in changes:
        at = change.effective_at
        match change.action:
            case Start():
                lives[change.id] = Life(at, None)
            case Cancel():
                lives = {opener: life for opener, life in lives.items() if life.start <= at}
                last = next(reversed(lives))
                lives[last] = replace(lives[last], end=at)
            case Reactivate():
                last = next(reversed(lives))
                end = lives[last].end
                if end is None or at < end:  # the end is taken back where it lies ahead
                    lives[last] = replace(lives[last], end=None)
                else:
                    lives[change.id] = Life(at, None)
            case _:
                pass
    return lives


def _alike(one: Segment, later: Segment) -> bool:
    """Tell whether nothing is different but when it is; most differ by their plan's change."""
    return (
        one.change_id == later.change_id and replace(one, start=later.start, end=later.end) == later
    )
