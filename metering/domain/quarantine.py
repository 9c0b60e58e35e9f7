"""Events that no meter counts yet, and what became of them."""

from dataclasses import dataclass
from datetime import datetime

from control_plane.kernel.ids import TenantId
from metering.domain.events import UsageEvent

MOST_KEPT = 10_000
"""Events in quarantine for one tenant, where the settings say nothing else."""
LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class QuarantinedEvent:
    """One event in quarantine; ``refusal`` is the code by which a replay left it there."""

    event: UsageEvent
    received_at: datetime
    refusal: str | None


@dataclass(frozen=True, slots=True)
class QuarantinedType:
    """The events of one type in quarantine; ``known`` says whether a meter counts it by now."""

    type: str
    events: int
    first_received_at: datetime
    last_received_at: datetime
    known: bool


@dataclass(frozen=True, slots=True)
class QuarantinePage:
    """What is in quarantine: its types, and some events, the latest first.

    ``after`` is the mark of the next page, None on the last one.
    """

    types: tuple[QuarantinedType, ...]
    events: tuple[QuarantinedEvent, ...]
    after: int | None

    @property
    def waiting(self) -> int:
        """The number of all events in quarantine."""
        return sum(kind.events for kind in self.types)


@dataclass(frozen=True, slots=True)
class TenantQuarantine:
    """The events of one type in quarantine for one tenant, as staff see them counted."""

    tenant_id: TenantId
    kind: QuarantinedType


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay did with the events whose type a meter counts by now.

    ``accepted`` are counted, ``duplicate`` were counted before, ``too_late`` went to the refused
    ones: these left the quarantine. ``kept`` stay there, each with its reason. ``more`` says that
    there were more events than are replayed at once.
    """

    accepted: int = 0
    duplicate: int = 0
    too_late: int = 0
    kept: int = 0
    more: bool = False

    def plus(self, other: "Replayed") -> "Replayed":
        """Return what this replay and the next one did together."""
        return Replayed(
            self.accepted + other.accepted,
            self.duplicate + other.duplicate,
            self.too_late + other.too_late,
            self.kept + other.kept,
            other.more,
        )
