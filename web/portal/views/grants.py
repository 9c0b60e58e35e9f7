"""Grants, overrides and explanations as pages show them."""

from dataclasses import dataclass
from datetime import datetime

from control_plane.entitlements.domain.burning import Balance
from web.portal.views.shell import Choice, Form


@dataclass(frozen=True, slots=True)
class GivenRow:
    """A grant or an override; ``state`` is booked, active or ended."""

    given_id: str
    feature: str
    code: str
    value: str
    state: str
    starts_at: datetime
    until: datetime | None
    reason: str
    every: str
    priority: int | None
    balance: Balance | None


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One thing that made an answer; ``code`` names the very version that was sold."""

    kind: str
    name: str
    value: str
    reason: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class ExplanationRow:
    """An answer, and what made it."""

    feature: str
    code: str
    at: datetime
    foreseen: bool
    allowed: bool
    reason: str
    value: str
    start: datetime | None
    end: datetime | None
    revision: int
    sources: tuple[SourceRow, ...]


@dataclass(frozen=True, slots=True)
class GivenPage:
    """What a page about grants shows; ``features`` is what can be chosen."""

    grants: tuple[GivenRow, ...]
    overrides: tuple[GivenRow, ...]
    features: tuple[Choice, ...]
    cycles: tuple[Choice, ...]
    explained: ExplanationRow | None
    form: Form
