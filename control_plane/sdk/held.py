"""A snapshot that is held, with every answer prepared from it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from control_plane.sdk.decide import (
    Checker,
    Decision,
    Hold,
    Reason,
    UnitAccount,
    UnitLedger,
    max_age_seconds,
    when_stale,
)
from control_plane.sdk.quota import quota_period
from control_plane.sdk.snapshot import FeatureGrant, KeyGrant, ServiceGrant, Snapshot
from control_plane.sdk.units import UnitsNegative, spending

_RECHECK_SECONDS = 1.0  # how long a step of the machine's wall clock may go unnoticed


class Held(NamedTuple):
    """A decision, with the units set aside for it where units are counted here."""

    decision: Decision
    hold: Hold | None


class Counted(NamedTuple):
    """What answers for a feature of which units are spent, good before a monotonic instant."""

    until: float
    spend: Callable[[int, float], Decision]
    decision: Decision
    account: UnitAccount


@dataclass(frozen=True, slots=True)
class HeldSnapshot:
    """A snapshot with all that was prepared from it; replaced whole, never changed.

    ``age`` seconds had passed since ``fresh_at`` when the monotonic clock read ``measured``.
    ``answers`` and ``counted`` hold what is ready to be given, until a monotonic instant.
    """

    snapshot: Snapshot
    checker: Checker
    keys: Mapping[str, KeyGrant]
    services: Mapping[str, ServiceGrant]
    fresh_at: datetime
    age: float
    measured: float
    ledger: UnitLedger | None = None
    answers: dict[str, tuple[float, Decision]] = field(default_factory=dict)
    counted: dict[str, Counted] = field(default_factory=dict)

    def age_seconds(self, monotonic: float) -> float:
        """Return the seconds since the newest signed word."""
        return self.age + monotonic - self.measured

    def check(self, feature: str, units: int, now: datetime, monotonic: float) -> Decision:
        """Decide, and remember what may be given again for as long as it surely holds."""
        counted = self.prepare(feature, now, monotonic)
        return counted.spend(units, monotonic) if isinstance(counted, Counted) else counted

    def hold(self, feature: str, units: int, now: datetime, monotonic: float) -> Held:
        """Decide, and set units aside where they are counted here."""
        if units < 0:
            raise UnitsNegative(units=units)
        counted = self.prepare(feature, now, monotonic)
        if not isinstance(counted, Counted):
            return Held(counted, None)
        hold = counted.account.hold(units, monotonic)
        if isinstance(hold, Reason):
            return Held(counted.decision._replace(allowed=False, reason=hold), None)
        return Held(counted.decision._replace(remaining=hold.remaining), hold)

    def prepare(self, feature: str, now: datetime, monotonic: float) -> Decision | Counted:
        """Return the answer for now, or what spends the units that it depends on."""
        grant = self.snapshot.features.get(feature)
        decision = self.checker.check(feature, now.timestamp())
        fresh_for = max_age_seconds(grant) - self.age_seconds(monotonic)
        holds_for = min(_RECHECK_SECONDS, fresh_for)
        if fresh_for < 0:
            decision, holds_for = when_stale(decision, grant), 0.0
        if grant is None:
            return decision
        holds_for = self._shorten(holds_for, decision.valid_until, now)
        counted = self._count(feature, grant, decision, now)
        if counted is None:
            self.answers[feature] = (monotonic + holds_for, decision)
            return decision
        until = monotonic + self._shorten(holds_for, counted[1], now)
        ready = Counted(until, spending(decision, counted[0]), decision, counted[0])
        self.counted[feature] = ready
        return ready

    def _count(
        self, feature: str, grant: FeatureGrant, decision: Decision, now: datetime
    ) -> tuple[UnitAccount, datetime | None] | None:
        """Return the account to spend from, and when its period ends; None if none is needed."""
        limit = decision.limit
        if self.ledger is None or limit is None or not (grant.leased and decision.allowed):
            return None
        period = quota_period(grant, self.snapshot.zone, now)
        return self.ledger.account(feature, grant, period, limit), period.end

    def _shorten(self, seconds: float, until: datetime | None, now: datetime) -> float:
        """Let an answer hold no longer than until an instant; a test clock stands still."""
        if until is None or self.snapshot.test_clock_at is not None:
            return seconds
        return min(seconds, (until - now).total_seconds())
