"""May this call go ahead? A pure answer from a snapshot, an instant and the snapshot's age."""

from bisect import bisect_right
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from control_plane.sdk.decision import NO_SNAPSHOT, Decision, Reason
from control_plane.sdk.features import (
    PLAN_AGE_SECONDS,
    STRICT_AGE_SECONDS,
    Access,
    FeatureGrant,
    OnStale,
    Standing,
)
from control_plane.sdk.snapshot import Snapshot
from control_plane.sdk.units import Hold, UnitAccount, UnitLedger

__all__ = [
    "NO_SNAPSHOT",
    "PLAN_AGE_SECONDS",
    "STRICT_AGE_SECONDS",
    "Checker",
    "Decision",
    "Hold",
    "Reason",
    "UnitAccount",
    "UnitLedger",
    "decide",
    "max_age_seconds",
    "when_stale",
]

_READING_ONLY = {
    Standing.READ_ONLY: Reason.READ_ONLY,
    Standing.SUSPENDED: Reason.SUSPENDED,
}
_CLOSED = {Standing.RETAINED: Reason.RETAINED, Standing.PURGED: Reason.PURGED}


def max_age_seconds(grant: FeatureGrant | None) -> float:
    """Return how old a snapshot may be for this feature; 72 h for one that it does not list."""
    return PLAN_AGE_SECONDS if grant is None else grant.max_age


def decide(snapshot: Snapshot, feature: str, at: datetime, *, age_seconds: float) -> Decision:
    """Decide one feature; a window's end no longer belongs to it.

    A snapshot older than the feature tolerates refuses, whatever it says, unless the feature
    itself declares that a stale answer stands. Units are not counted here.
    """
    grant = snapshot.features.get(feature)
    decision = _decide_fresh(snapshot, feature, at, lambda: age_seconds)
    return when_stale(decision, grant) if age_seconds > max_age_seconds(grant) else decision


def when_stale(decision: Decision, grant: FeatureGrant | None) -> Decision:
    """Return what becomes of an answer once its snapshot is older than the feature tolerates."""
    if grant is None or grant.on_stale is OnStale.DENY:
        return Decision(
            allowed=False, reason=Reason.STALE, revision=decision.revision, aged=decision.aged
        )
    return decision._replace(reason=Reason.STALE_ALLOWED) if decision.allowed else decision


def _decide_fresh(
    snapshot: Snapshot, feature: str, at: datetime, aged: Callable[[], float]
) -> Decision:
    refused = _decide_unknown(snapshot, aged)
    grant = snapshot.features.get(feature)
    if grant is None:
        return refused
    for window in grant.windows:
        if at < window.start:
            first = window is grant.windows[0]
            reason = Reason.NOT_STARTED if first else Reason.EXPIRED
            return refused._replace(reason=reason, valid_until=window.start)
        if window.end is None or at < window.end:
            closed = _closed(snapshot.standing, grant)
            if closed is not None:
                return refused._replace(reason=closed, valid_until=window.end)
            return Decision(
                allowed=True,
                reason=Reason.GRANTED,
                limit=_limit(grant, window.value),
                revision=snapshot.revision,
                valid_until=window.end,
                value=window.value,
                aged=aged,
            )
    return refused._replace(reason=Reason.EXPIRED if grant.windows else Reason.NOT_SUBSCRIBED)


def _decide_unknown(snapshot: Snapshot, aged: Callable[[], float]) -> Decision:
    return Decision(
        allowed=False, reason=Reason.UNKNOWN_FEATURE, revision=snapshot.revision, aged=aged
    )


def _closed(standing: Standing, grant: FeatureGrant) -> Reason | None:
    """Return why a feature that was bought is closed to a tenant of this standing, if it is."""
    if standing in _CLOSED:
        return _CLOSED[standing]
    if grant.leased or grant.access is Access.WRITE:
        return _READING_ONLY.get(standing)
    return None


def _limit(grant: FeatureGrant, value: Decimal | str | None) -> Decimal | None:
    return value if grant.limited and isinstance(value, Decimal) else None


class Checker:
    """All of a snapshot's answers, made beforehand: a look-up and a comparison, no allocation.

    It does not judge age; ``EntitlementState`` does, and tells by ``aged`` what the answers say of
    it. Instants are POSIX seconds.
    """

    __slots__ = ("_aged", "_answers", "_current", "_snapshot", "_unknown")

    def __init__(self, snapshot: Snapshot, aged: Callable[[], float] = lambda: 0.0) -> None:
        self._unknown: Decision | None = None
        self._snapshot = snapshot
        self._aged = aged
        self._answers: dict[str, tuple[list[float], list[Decision]]] = {}
        self._current: dict[str, tuple[float, float, Decision]] = {}

    def check(self, feature: str, at: float) -> Decision:
        """Return the prebuilt answer for a feature at an instant."""
        current = self._current.get(feature)
        if current is not None and current[0] <= at < current[1]:
            return current[2]
        return self._search(feature, at)

    def _search(self, feature: str, at: float) -> Decision:
        if feature not in self._snapshot.features:
            unknown = self._unknown
            if unknown is None:
                unknown = self._unknown = _decide_unknown(self._snapshot, self._aged)
            return unknown
        answers = self._answers.get(feature)
        if answers is None:
            # At its first check: most features are not asked for between two snapshots.
            answers = self._answers[feature] = _answers(self._snapshot, feature, self._aged)
        starts, decisions = answers
        n = bisect_right(starts, at)
        start = starts[n - 1] if n else float("-inf")
        end = starts[n] if n < len(starts) else float("inf")
        self._current[feature] = (start, end, decisions[n])
        return decisions[n]


def _answers(
    snapshot: Snapshot, feature: str, aged: Callable[[], float]
) -> tuple[list[float], list[Decision]]:
    """Return the instants at which the answer changes, and the answers around them."""
    windows = snapshot.features[feature].windows
    if not windows:  # never bought: there is nothing that could change
        reason, revision = Reason.NOT_SUBSCRIBED, snapshot.revision
        return [], [Decision(allowed=False, reason=reason, revision=revision, aged=aged)]
    edges = {edge for window in windows for edge in (window.start, window.end) if edge is not None}
    changes = sorted(edges)
    before = Decision(
        allowed=False,
        reason=Reason.NOT_STARTED,
        revision=snapshot.revision,
        valid_until=changes[0],
        aged=aged,
    )
    after = [_decide_fresh(snapshot, feature, change, aged) for change in changes]
    return [change.timestamp() for change in changes], [before, *after]
