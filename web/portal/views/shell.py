"""What surrounds every page: who is looking, at which organisation, in which language."""

from dataclasses import dataclass, field
from datetime import datetime

from web.portal.views.standing import StandingBanner


@dataclass(frozen=True, slots=True)
class Choice:
    """One option of a selection: the value sent and the words shown."""

    value: str
    label: str
    selected: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """A message shown once on the next page. ``tone`` is good, warn, bad or info."""

    tone: str
    text: str


@dataclass(frozen=True, slots=True)
class Shell:
    """The frame around a page.

    ``permissions`` holds permission texts such as ``members:manage``; a template hides what the
    reader may not do, while the guard refuses it. ``csrf`` and ``idempotency_key`` go into every
    form. ``clock_at`` is the test clock of a sandbox organisation, in UTC. ``standing`` is set
    where something is to be paid.
    """

    language: str
    theme: str
    path: str
    section: str = ""
    zone: str = "UTC"
    user_name: str | None = None
    user_email: str | None = None
    organisation: str | None = None
    organisations: tuple[Choice, ...] = ()
    sandbox: bool = False
    clock_at: datetime | None = None
    csrf: str = ""
    idempotency_key: str = ""
    permissions: frozenset[str] = frozenset()
    notice: Notice | None = None
    standing: StandingBanner | None = None

    def may(self, permission: str) -> bool:
        """Say whether the reader holds ``permission``."""
        return permission in self.permissions


@dataclass(frozen=True, slots=True)
class Form:
    """What was typed into a form and what was wrong with it, by field name.

    ``problem`` and ``remedy`` speak of the form as a whole.
    """

    values: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    problem: str | None = None
    remedy: str | None = None

    def value(self, name: str, default: str = "") -> str:
        """Return what was typed into ``name``."""
        return self.values.get(name, default)


@dataclass(frozen=True, slots=True)
class ProblemView:
    """A refusal as a page: what was wrong, what to do, and the code to quote to support."""

    status: int
    title: str
    message: str
    remedy: str
    code: str
    reference: str | None = None
    back: str = "/portal"
