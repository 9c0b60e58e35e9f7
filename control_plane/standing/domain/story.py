"""What has happened on a tenant's ladder, as steps that are only ever appended."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from control_plane.kernel.money import Money
from control_plane.sdk.snapshot import Standing


class Kind(StrEnum):
    """What a step is."""

    ANNOUNCED = "announced"
    ENTERED = "entered"
    HELD = "held"
    RELEASED = "released"


class Reason(StrEnum):
    """Why a standing was entered or announced."""

    OVERDUE = "overdue"
    SETTLED = "settled"
    """What was overdue is paid, credited, voided or written off, or enough of it."""


@dataclass(frozen=True, slots=True)
class Debt:
    """What a tenant has open, by its oldest invoice: overdue since, or only from, ``since``.

    ``invoices`` are numbers; ``open`` is one amount for each currency.
    """

    since: datetime
    invoices: tuple[str, ...]
    open: tuple[Money, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One entry. Instants are the tenant's own time.

    ``since`` is when what is owed fell overdue. ``effective_at`` is when an announced standing
    begins, or when a hold ends. ``reason`` is a `Reason`, or what staff wrote of a hold.
    """

    number: int
    kind: Kind
    standing: Standing
    at: datetime
    since: datetime | None
    effective_at: datetime | None
    reason: str
    actor: str


@dataclass(frozen=True, slots=True)
class Story:
    """Where the ladder is after all of its steps.

    ``entered`` is the step that brought the present standing. ``announcement`` speaks of what
    comes next and still counts: nothing was entered, and no hold placed, after it.
    """

    entered: Step | None = None
    announcement: Step | None = None
    hold: Step | None = None
    length: int = 0

    @classmethod
    def of(cls, steps: Iterable[Step]) -> "Story":
        """Tell it from the beginning."""
        story = cls()
        for step in steps:
            story = story.then(step)
        return story

    @property
    def standing(self) -> Standing:
        """How the tenant stands."""
        return Standing.ACTIVE if self.entered is None else self.entered.standing

    def held_until(self, at: datetime) -> datetime | None:
        """Return the end of the hold that is in force at ``at``; None where none is."""
        if self.hold is None or self.hold.effective_at is None or self.hold.effective_at <= at:
            return None
        return self.hold.effective_at

    def then(self, step: Step) -> "Story":
        """Go on by one step."""
        match step.kind:
            case Kind.ENTERED:
                story = replace(self, entered=step, announcement=None)
            case Kind.ANNOUNCED:
                story = replace(self, announcement=step)
            case Kind.HELD:
                story = replace(self, hold=step, announcement=None)
            case Kind.RELEASED:
                story = replace(self, hold=None)
        return replace(story, length=step.number)
