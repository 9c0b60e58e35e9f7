"""Keys, members, audit entries and the test clock as the pages show them."""

from dataclasses import dataclass
from datetime import datetime

from web.portal.views.shell import Choice


@dataclass(frozen=True, slots=True)
class KeyRow:
    """An API key without its secret."""

    key_id: str
    name: str
    prefix: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class KeysView:
    """The organisation's API keys and the scopes a new one may have."""

    rows: tuple[KeyRow, ...]
    scopes: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class NewKeyView:
    """A key just made: the only page that ever shows ``secret``."""

    name: str
    secret: str
    scopes: tuple[str, ...]
    example_url: str


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A person in the organisation."""

    user_id: str
    name: str
    email: str
    role: str
    you: bool


@dataclass(frozen=True, slots=True)
class InvitationRow:
    """Someone invited who has not come yet."""

    email: str
    role: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class MembersView:
    """Members, open invitations and the roles that can be given."""

    members: tuple[MemberRow, ...]
    invitations: tuple[InvitationRow, ...]
    roles: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class AuditRow:
    """Who did what, when."""

    at: datetime
    actor: str
    action: str
    object_type: str
    object_id: str
    details: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class AuditView:
    """A page of the record, newest first."""

    rows: tuple[AuditRow, ...]
    after: str | None = None


@dataclass(frozen=True, slots=True)
class ClockView:
    """A sandbox organisation's clock; None for ``now_at`` when it runs in real time."""

    now_at: datetime | None
    target_at: datetime | None
    state: str
    suggested: str = ""
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class SettingsView:
    """The reader's and the organisation's settings."""

    name: str
    slug: str
    zone: str
    currency: str
    organisation_id: str
    created_at: datetime
