"""What pages show of how an organisation stands with its payments."""

from dataclasses import dataclass
from datetime import datetime

from control_plane.kernel.money import Money


@dataclass(frozen=True, slots=True)
class StandingBanner:
    """Where an organisation stands, what comes next and when, and what to pay.

    ``standing`` and ``next`` are texts such as ``read_only``; ``held_until`` is set while nothing
    more happens.
    """

    standing: str
    next: str | None
    next_at: datetime | None
    held_until: datetime | None
    open: tuple[Money, ...]

    @property
    def tone(self) -> str:
        """The tone of its notice: warning until something is restricted."""
        return "warn" if self.standing in {"active", "grace"} else "bad"


@dataclass(frozen=True, slots=True)
class StandingStep:
    """One thing that happened. ``reason`` is what staff wrote of a hold, shown to staff alone."""

    kind: str
    standing: str
    at: datetime
    effective_at: datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class ExportRow:
    """A service whose data can be downloaded, or once could; ``kept`` says that it was removed."""

    instance_id: str
    module: str
    kept: bool
    at: datetime | None
    purged_at: datetime | None


@dataclass(frozen=True, slots=True)
class StandingPage:
    """Everything about an organisation's standing."""

    banner: StandingBanner | None
    standing: str
    overdue_since: datetime | None
    invoices: tuple[str, ...]
    steps: tuple[StandingStep, ...]
    exports: tuple[ExportRow, ...] = ()
    hold_reason: str | None = None


@dataclass(frozen=True, slots=True)
class StandingListRow:
    """One organisation in staff's list, with times for its own zone."""

    tenant_id: str
    name: str
    zone: str
    sandbox: bool
    standing: str
    overdue_since: datetime | None
    next_at: datetime | None
    held_until: datetime | None
