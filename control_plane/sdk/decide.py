"""May this call go ahead? A pure answer from a snapshot, an instant and the snapshot's age."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from control_plane.sdk.snapshot import FeatureGrant, Snapshot

STRICT_AGE_SECONDS = 30.0
PLAN_AGE_SECONDS = 72 * 3600.0


class Reason(StrEnum):
    """Why a call is allowed or refused."""

    GRANTED = "granted"
    NOT_SUBSCRIBED = "not_subscribed"
    NOT_STARTED = "not_started"
    EXPIRED = "expired"
    UNKNOWN_FEATURE = "unknown_feature"
    STALE = "stale"
    NO_SNAPSHOT = "no_snapshot"


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer for one feature at one instant.

    ``limit`` is the total granted per interval (None for a boolean, and when refused);
    ``valid_until`` is when the snapshot itself says the answer changes (None: not that it knows).
    """

    allowed: bool
    reason: Reason
    limit: Decimal | None
    valid_until: datetime | None
    revision: int


NO_SNAPSHOT = Decision(
    allowed=False, reason=Reason.NO_SNAPSHOT, limit=None, valid_until=None, revision=0
)


def max_age_seconds(grant: FeatureGrant | None) -> float:
    """Return how old a snapshot may be for this feature: 30 s when strict, else 72 h."""
    return STRICT_AGE_SECONDS if grant is not None and grant.strict else PLAN_AGE_SECONDS


def decide(snapshot: Snapshot, feature: str, at: datetime, *, age_seconds: float) -> Decision:
    """Decide one feature; a window's end no longer belongs to it.

    A snapshot older than the feature tolerates refuses, whatever it says.
    """
    grant = snapshot.features.get(feature)
    if age_seconds > max_age_seconds(grant):
        return _refusal(snapshot, Reason.STALE)
    if grant is None:
        return _refusal(snapshot, Reason.UNKNOWN_FEATURE)
    for window in grant.windows:
        if at < window.start:
            first = window is grant.windows[0]
            reason = Reason.NOT_STARTED if first else Reason.EXPIRED
            return _refusal(snapshot, reason, window.start)
        if window.end is None or at < window.end:
            return Decision(
                allowed=True,
                reason=Reason.GRANTED,
                limit=window.value,
                valid_until=window.end,
                revision=snapshot.revision,
            )
    return _refusal(snapshot, Reason.EXPIRED if grant.windows else Reason.NOT_SUBSCRIBED)


def _refusal(snapshot: Snapshot, reason: Reason, until: datetime | None = None) -> Decision:
    return Decision(
        allowed=False, reason=reason, limit=None, valid_until=until, revision=snapshot.revision
    )


class Checker:
    """All of a snapshot's answers, made beforehand: a look-up and a comparison, no allocation.

    It knows nothing of age; ``EntitlementState`` adds that. Instants are POSIX seconds.
    """

    __slots__ = ("_answers", "_current", "_unknown")

    def __init__(self, snapshot: Snapshot) -> None:
        self._unknown = _refusal(snapshot, Reason.UNKNOWN_FEATURE)
        self._answers = {code: _answers(snapshot, code) for code in snapshot.features}
        self._current: dict[str, tuple[float, float, Decision]] = {}

    def check(self, feature: str, at: float) -> Decision:
        """Return the prebuilt answer for a feature at an instant."""
        current = self._current.get(feature)
        if current is not None and current[0] <= at < current[1]:
            return current[2]
        return self._search(feature, at)

    def _search(self, feature: str, at: float) -> Decision:
        answers = self._answers.get(feature)
        if answers is None:
            return self._unknown
        starts, decisions = answers
        n = bisect_right(starts, at)
        start = starts[n - 1] if n else float("-inf")
        end = starts[n] if n < len(starts) else float("inf")
        self._current[feature] = (start, end, decisions[n])
        return decisions[n]


def _answers(snapshot: Snapshot, feature: str) -> tuple[list[float], list[Decision]]:
    """Return the instants at which the answer changes, and the answers around them."""
    windows = snapshot.features[feature].windows
    edges = {edge for window in windows for edge in (window.start, window.end) if edge is not None}
    changes = sorted(edges)
    before = _refusal(snapshot, Reason.NOT_SUBSCRIBED)
    if changes:
        before = _refusal(snapshot, Reason.NOT_STARTED, changes[0])
    after = [decide(snapshot, feature, change, age_seconds=0) for change in changes]
    return [change.timestamp() for change in changes], [before, *after]
