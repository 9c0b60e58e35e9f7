"""Events in quarantine as the pages show them."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class TypeRow:
    """The events of one type; ``known`` says that a meter counts it by now."""

    type: str
    events: int
    first_received_at: datetime
    last_received_at: datetime
    known: bool
    tenant_id: str = ""
    tenant: str = ""

    @property
    def state(self) -> str:
        """The label of its state."""
        return "type_counted" if self.known else "type_unknown"


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event; ``data`` is what it said, ``reason`` the code by which a replay left it there."""

    type: str
    source: str
    event_id: str
    time: datetime
    received_at: datetime
    data: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class QuarantineView:
    """What is in quarantine. ``chosen`` is the one type that is listed; ``more`` the next page."""

    types: tuple[TypeRow, ...]
    events: tuple[EventRow, ...]
    chosen: str | None
    more: str | None
    organisation: str = ""

    @property
    def replayable(self) -> int:
        """How many events a replay may count."""
        return sum(row.events for row in self.types if row.known)
