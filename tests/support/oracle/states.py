"""What held at an instant, read from the recorded changes one question at a time.

Slow and plain on purpose: no track is cut and no segment is laid. At any instant the entry that
was recorded last, of those that have taken effect by then, is the one that counts.
"""

from bisect import bisect_right
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from control_plane.kernel.calendar import Anchor
from control_plane.kernel.ids import PlanVersionId
from control_plane.subscriptions.domain import (
    Cancel,
    Change,
    ChangePlan,
    ChangeQuantity,
    ExtendTrial,
    Pause,
    Reactivate,
    Resume,
    SetTerms,
    Start,
    Terms,
    Timeline,
)

INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Held:
    """Everything that held at one instant."""

    plan: PlanVersionId
    anchor: Anchor
    paused: bool
    terms: Terms | None
    quantities: tuple[tuple[str, int], ...]

    def quantity(self, component: str | None) -> int:
        return 1 if component is None else dict(self.quantities).get(component, 1)


@dataclass
class Lived:
    """A stretch of life, and the entry that opened it."""

    start: datetime
    end: datetime | None
    opener: Change

    def holds(self, at: datetime) -> bool:
        return self.start <= at and (self.end is None or at < self.end)


class History:
    """The changes that have taken effect by an instant, to be asked what held when."""

    def __init__(self, timeline: Timeline, by: datetime) -> None:
        self.changes = [c for c in timeline.changes if c.effective_at <= by]
        self.start: Start = timeline.start
        self.started_at = timeline.started_at
        self.zone = timeline.anchor.zone
        self.lives = self._lives()
        ends = [c.action.until for c in self.changes if isinstance(c.action, ExtendTrial)]
        self.trial_end = ends[-1] if ends else self.start.trial_end
        self._known: dict[datetime, Held] = {}
        self._marks = self.instants()

    def _lives(self) -> list[Lived]:
        lives = [Lived(self.started_at, None, self.changes[0])]
        for change in self.changes:
            at = change.effective_at
            if isinstance(change.action, Cancel):
                lives = [life for life in lives if life.start <= at]
                lives[-1].end = at
            elif isinstance(change.action, Reactivate):
                end = lives[-1].end
                if end is None or at < end:
                    lives[-1].end = None
                else:
                    lives.append(Lived(at, None, change))
        return lives

    def life_at(self, at: datetime) -> Lived | None:
        return next((life for life in self.lives if life.holds(at)), None)

    def in_trial(self, at: datetime) -> bool:
        return (
            self.trial_end is not None and at < self.trial_end and self.life_at(at) is self.lives[0]
        )

    def held(self, at: datetime) -> Held:
        """What held at an instant within a life. Between two marks nothing differs."""
        mark = self._marks[bisect_right(self._marks, at) - 1]
        if mark not in self._known:
            self._known[mark] = self._held(mark)
        return self._known[mark]

    def _held(self, at: datetime) -> Held:
        step = self._plan_step(at)
        paused = self._last(at, (Pause, Resume))
        counted: dict[str, int] = {}
        for component in self._components():
            counted[component] = self._quantity(component, at)
        return Held(
            plan=self._plan(step),
            anchor=self._anchor(step),
            paused=paused is not None and isinstance(paused.action, Pause),
            terms=self._terms(at),
            quantities=tuple(sorted(counted.items())),
        )

    def _openers(self) -> set[int]:
        return {life.opener.seq for life in self.lives}

    def _last(self, at: datetime, kinds: tuple[type, ...]) -> Change | None:
        """The entry of some kinds, or that opened a life, recorded last of those that hold."""
        openers = self._openers()
        found = [
            c
            for c in self.changes
            if c.effective_at <= at and (isinstance(c.action, kinds) or c.seq in openers)
        ]
        return max(found, key=lambda c: c.seq, default=None)

    def _plan_step(self, at: datetime, before: Change | None = None) -> Change | None:
        openers = self._openers()
        found = [
            c
            for c in self.changes
            if (isinstance(c.action, ChangePlan) or c.seq in openers)
            and (
                c.effective_at < at
                or (c.effective_at == at and (before is None or c.seq in openers))
            )
            and (before is None or c.seq < before.seq)
        ]
        return max(found, key=lambda c: c.seq, default=None)

    def _before(self, step: Change) -> Change | None:
        """What held before a step, as far as was recorded when it was; of an opener, at the end."""
        if isinstance(step.action, Reactivate):
            place = next(i for i, life in enumerate(self.lives) if life.opener is step)
            ended = self.lives[place - 1]
            last = ended.end if ended.end > ended.start else ended.end + INSTANT
            return self._plan_step(last, before=step) or ended.opener
        return self._plan_step(step.effective_at, before=step)

    def _plan(self, step: Change) -> PlanVersionId:
        if isinstance(step.action, Start | ChangePlan):
            return step.action.plan_version_id
        return self._plan(self._before(step))

    def _anchor(self, step: Change | None) -> Anchor:
        action = None if step is None else step.action
        if step is None or isinstance(action, Start):
            anchor = self.start.anchor
            if self.trial_end is not None and not self.start.aligned:
                anchor = replace(anchor, at=max(self.trial_end, self.started_at))
            return anchor
        before = self._anchor(self._before(step))
        if isinstance(action, Reactivate):
            return before if self.start.aligned else replace(before, at=step.effective_at)
        if (action.interval, action.count) == (before.interval, before.count):
            return before
        kept = replace(before, interval=action.interval, count=action.count)
        early = (
            self.trial_end is not None
            and step.effective_at < self.trial_end
            and self.lives[0].holds(step.effective_at)
        )
        return kept if action.keep_anchor or early else replace(kept, at=step.effective_at)

    def _components(self) -> set[str]:
        named = {c.action.component for c in self.changes if isinstance(c.action, ChangeQuantity)}
        return named | set(self.start.quantities)

    def _quantity(self, component: str, at: datetime) -> int:
        found = [
            c
            for c in self.changes
            if c.effective_at <= at
            and (
                (isinstance(c.action, ChangeQuantity) and c.action.component == component)
                or (isinstance(c.action, Start) and component in c.action.quantities)
            )
        ]
        if not found:
            return 1
        action = max(found, key=lambda c: c.seq).action
        return action.quantities[component] if isinstance(action, Start) else action.quantity

    def _terms(self, at: datetime) -> Terms | None:
        openers = self._openers()
        found = [
            c
            for c in self.changes
            if c.effective_at <= at
            and (
                isinstance(c.action, SetTerms)
                or (isinstance(c.action, ChangePlan) and c.action.reason == "change")
                or c.seq in openers
            )
        ]
        action = max(found, key=lambda c: c.seq).action
        terms = action.terms if isinstance(action, SetTerms | Start) else None
        return None if terms is None or (terms.end is not None and terms.end <= at) else terms

    def instants(self) -> list[datetime]:
        """Every instant at which anything may differ, in order."""
        found = {c.effective_at for c in self.changes}
        found |= {life.end for life in self.lives if life.end is not None}
        for change in self.changes:
            terms = getattr(change.action, "terms", None)
            if terms is not None and terms.end is not None:
                found.add(terms.end)
        if self.trial_end is not None:
            found.add(self.trial_end)
        return sorted(found)
