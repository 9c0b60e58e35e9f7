"""What a snapshot says of one feature: its kind, its terms, and the windows it is granted in."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import TypeVar

from control_plane.kernel.calendar import instant_text
from control_plane.kernel.exact import quantity_text
from control_plane.sdk.reading import Reader

STRICT_AGE_SECONDS = 30
PLAN_AGE_SECONDS = 72 * 3600
PERIODS = ("minute", "hour", "day", "week", "month", "quarter", "year", "ever")

_FIRST_FORMAT = 1
_OLD_LIMIT = "limit"  # what format 1 calls a metered feature


class FeatureKind(StrEnum):
    """How a feature is decided.

    ``boolean``: yes or no. ``configuration``: a value that the service reads. ``metered``: so many
    units a period. ``rate``: so many units a second, with a burst. ``concurrency``: at most so many
    at once. ``seats``: so many, each assigned by name.
    """

    BOOLEAN = "boolean"
    CONFIGURATION = "configuration"
    METERED = "metered"
    RATE = "rate"
    CONCURRENCY = "concurrency"
    SEATS = "seats"


class Mode(StrEnum):
    """Whether a metered limit refuses (``hard``) or only tells (``soft``)."""

    HARD = "hard"
    SOFT = "soft"


class Access(StrEnum):
    """What a feature lets its tenant do: reading stays open when a tenant is read-only."""

    WRITE = "write"
    READ = "read"


class OnStale(StrEnum):
    """What an answer is once the snapshot is older than its feature tolerates."""

    DENY = "deny"
    ALLOW = "allow"


Term = TypeVar("Term", Mode, Access, OnStale)


class Standing(StrEnum):
    """How a tenant stands with its payments, from paid up to gone."""

    ACTIVE = "active"
    GRACE = "grace"
    READ_ONLY = "read_only"
    SUSPENDED = "suspended"
    RETAINED = "retained"
    PURGED = "purged"


LEASED = frozenset({FeatureKind.METERED, FeatureKind.RATE, FeatureKind.CONCURRENCY})
_KINDS = {kind.value: kind for kind in FeatureKind}
_ALWAYS = {"kind", "strict", "windows"}  # what the format writes of every feature
_VALUED = LEASED | {FeatureKind.SEATS}


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch ``[start, end)`` in which a feature is granted; no end means until further notice.

    ``value`` is the limit in units (a rate: units a second), or a configuration's value, a number
    or a text; None for booleans. ``burst`` is a rate's only. ``source`` says what was bought.
    """

    start: datetime
    end: datetime | None
    source: str
    value: Decimal | str | None = None
    burst: Decimal | None = None


@dataclass(frozen=True, slots=True)
class FeatureGrant:
    """A feature with its windows, sorted and without overlap.

    A metered feature counts ``per`` calendar interval of the tenant's zone, or over the last
    ``rolling_seconds``. ``max_age_seconds`` and ``lease_seconds`` are None where the default holds.
    """

    kind: FeatureKind
    windows: tuple[Window, ...]
    strict: bool = False
    per: str | None = None
    rolling_seconds: int | None = None
    mode: Mode = Mode.HARD
    meter: str | None = None
    max_age_seconds: int | None = None
    lease_seconds: int | None = None
    access: Access = Access.WRITE
    on_stale: OnStale = OnStale.DENY

    @property
    def leased(self) -> bool:
        """Whether its units are spent from a lease."""
        return self.kind in LEASED

    @property
    def limited(self) -> bool:
        """Whether its value is a limit in units."""
        return self.kind in _VALUED

    @property
    def max_age(self) -> int:
        """The seconds without a signed word after which its answers are stale.

        Unless the feature says otherwise, 30 for what is strict or leased, and 72 hours for the
        rest, so that a restart of the control plane stops nobody.
        """
        if self.max_age_seconds is not None:
            return self.max_age_seconds
        leased = self.kind in LEASED
        return STRICT_AGE_SECONDS if self.strict or leased else PLAN_AGE_SECONDS


_BOOLEAN = FeatureKind.BOOLEAN.value
_NOT_BOUGHT = {strict: FeatureGrant(FeatureKind.BOOLEAN, (), strict) for strict in (False, True)}
"""What a tenant has not got: the same for all features of the commonest kind."""


def feature_body(grant: FeatureGrant) -> dict[str, object]:
    """Return a feature's JSON form; terms at their default are left out."""
    terms = {
        "per": grant.per,
        "rolling_seconds": grant.rolling_seconds,
        "mode": None if grant.mode is Mode.HARD else grant.mode.value,
        "meter": grant.meter,
        "max_age_seconds": grant.max_age_seconds,
        "lease_seconds": grant.lease_seconds,
        "access": None if grant.access is Access.WRITE else grant.access.value,
        "on_stale": None if grant.on_stale is OnStale.DENY else grant.on_stale.value,
    }
    return {
        "kind": grant.kind.value,
        "strict": grant.strict,
        "windows": [_window_body(window) for window in grant.windows],
        **{name: value for name, value in terms.items() if value is not None},
    }


def read_feature(reader: Reader, form: int) -> FeatureGrant:
    """Read a feature as a snapshot of format ``form`` writes it.

    Raises:
        SnapshotInvalid: a member is wrong, or the windows overlap or are out of order.
    """
    members = reader.members
    if len(members) == len(_ALWAYS) and members.get("kind") == _BOOLEAN:
        strict = members.get("strict")
        if members.get("windows") == [] and isinstance(strict, bool):
            return _NOT_BOUGHT[strict]
    kind = _read_kind(reader, form)
    windows = tuple([_read_window(item, kind) for item in reader.children("windows")])
    for earlier, later in pairwise(windows):
        if earlier.end is None or later.start < earlier.end:
            raise reader.refuse("has windows that overlap or are out of order")
    per, rolling = _read_period(reader, kind)
    if form == _FIRST_FORMAT or reader.members.keys() == _ALWAYS:
        return FeatureGrant(kind, windows, strict=reader.boolean("strict"), per=per)
    return FeatureGrant(
        kind,
        windows,
        strict=reader.boolean("strict"),
        per=per,
        rolling_seconds=rolling,
        mode=_term(reader, "mode", Mode.HARD),
        meter=reader.text("meter") if "meter" in reader else None,
        max_age_seconds=reader.optional_whole("max_age_seconds"),
        lease_seconds=reader.optional_whole("lease_seconds"),
        access=_term(reader, "access", Access.WRITE),
        on_stale=_term(reader, "on_stale", OnStale.DENY),
    )


def _term(reader: Reader, name: str, default: Term) -> Term:
    kind = type(default)
    return kind(reader.choice(name, kind)) if name in reader else default


def _read_kind(reader: Reader, form: int) -> FeatureKind:
    if form == _FIRST_FORMAT:
        reader.expect("kind", FeatureKind.BOOLEAN.value, _OLD_LIMIT)
        limited = reader.text("kind") == _OLD_LIMIT
        return FeatureKind.METERED if limited else FeatureKind.BOOLEAN
    reader.expect("kind", *_KINDS)
    return _KINDS[reader.text("kind")]


def _read_period(reader: Reader, kind: FeatureKind) -> tuple[str | None, int | None]:
    """Return what a metered feature counts in; other kinds count in no period."""
    if kind is not FeatureKind.METERED:
        return None, None
    rolling = reader.optional_whole("rolling_seconds")
    if rolling is None:
        reader.expect("per", *PERIODS)
        return reader.text("per"), None
    if rolling == 0 or "per" in reader:
        raise reader.refuse("counts neither per calendar interval nor over a rolling window")
    return None, rolling


def _window_body(window: Window) -> dict[str, object]:
    body: dict[str, object] = {
        "start": instant_text(window.start),
        "end": None if window.end is None else instant_text(window.end),
        "source": window.source,
    }
    if isinstance(window.value, str):
        body["text"] = window.value
    elif window.value is not None:
        body["value"] = quantity_text(window.value)
    if window.burst is not None:
        body["burst"] = quantity_text(window.burst)
    return body


def _read_window(reader: Reader, kind: FeatureKind) -> Window:
    start, end = reader.instant("start"), reader.optional_instant("end")
    if end is not None and end <= start:
        raise reader.refuse("ends before it starts")
    burst = reader.decimal("burst") if kind is FeatureKind.RATE else None
    return Window(start, end, reader.text("source"), _read_value(reader, kind), burst)


def _read_value(reader: Reader, kind: FeatureKind) -> Decimal | str | None:
    if kind is FeatureKind.CONFIGURATION:
        return reader.text("text") if "text" in reader else reader.decimal("value", signed=True)
    return reader.decimal("value") if kind in _VALUED else None
