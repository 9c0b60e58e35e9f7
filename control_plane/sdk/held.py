"""A snapshot that is held, with every answer prepared from it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple

from control_plane.sdk.decide import (
    PLAN_AGE_SECONDS,
    Checker,
    Decision,
    Hold,
    Reason,
    UnitAccount,
    UnitLedger,
    when_stale,
)
from control_plane.sdk.quota import quota_period
from control_plane.sdk.snapshot import FeatureGrant, KeyGrant, ServiceGrant, Snapshot
from control_plane.sdk.units import UnitsNegative

_RECHECK_SECONDS = 1.0  # how long a step of the machine's wall clock may go unnoticed


class Held(NamedTuple):
    """A decision, with the units set aside for it where units are counted here."""

    decision: Decision
    hold: Hold | None


Ready = tuple[float, Callable[[int, float], int | Reason] | None, Decision, UnitAccount | None]
"""A decision that may be given before a monotonic instant, once its units could be spent.

In order: the instant, what spends, the decision, and the account; without units to count, nothing
spends and there is no account. A bare tuple, since reading one with names takes twice as long.
"""


def hold_units(ready: Ready, units: int, at: float, timeout: float) -> Held:
    """Set units aside for ``timeout`` seconds, where they are counted.

    Raises:
        UnitsNegative: ``units`` is below 0.
    """
    _, _, decision, account = ready
    if account is None:
        return Held(decision, None)
    if units < 0:
        raise UnitsNegative(units=units)
    hold = account.hold(units, at, timeout=timeout)
    if isinstance(hold, Reason):
        return Held(refused(decision, hold), None)
    return Held(decision._replace(left=hold.remaining), hold)


def refused(decision: Decision, reason: Reason) -> Decision:
    """Return the refusal of units that could not be spent."""
    return decision._replace(allowed=False, reason=reason)


class HeldSnapshot(NamedTuple):
    """A snapshot with all that was prepared from it; replaced whole, never changed.

    ``age`` seconds had passed since ``fresh_at`` when the monotonic clock read ``measured``.
    ``ready`` holds what may be given at once, nothing at first.
    """

    snapshot: Snapshot
    checker: Checker
    keys: Mapping[str, KeyGrant]
    services: Mapping[str, ServiceGrant]
    fresh_at: datetime
    age: float
    measured: float
    ledger: UnitLedger | None
    ready: dict[str, Ready]

    def age_seconds(self, monotonic: float) -> float:
        """Return the seconds since the newest signed word."""
        return self.age + monotonic - self.measured

    def prepare(self, feature: str, now: datetime, monotonic: float) -> Ready:
        """Decide, and remember what may be given again for as long as it surely holds."""
        grant = self.snapshot.features.get(feature)
        decision = self.checker.check(feature, now.timestamp())
        oldest = PLAN_AGE_SECONDS if grant is None else grant.max_age
        fresh_for = oldest - (self.age + monotonic - self.measured)
        holds_for = min(_RECHECK_SECONDS, fresh_for)
        if fresh_for < 0:  # and it stays so until something is heard, which begins anew
            decision, holds_for = when_stale(decision, grant), _RECHECK_SECONDS
        if grant is None:
            return monotonic, None, decision, None
        if decision.valid_until is not None:
            holds_for = self._shorten(holds_for, decision.valid_until, now)
        counted = None
        if self.ledger is not None:
            counted = self._count(self.ledger, feature, grant, decision, now)
        ready: Ready
        if counted is None:
            ready = monotonic + holds_for, None, decision, None
        else:
            account, end = counted
            until = monotonic + self._shorten(holds_for, end, now)
            ready = until, account.spend, decision._replace(left=account.left), account
        self.ready[feature] = ready
        return ready

    def _count(
        self,
        ledger: UnitLedger,
        feature: str,
        grant: FeatureGrant,
        decision: Decision,
        now: datetime,
    ) -> tuple[UnitAccount, datetime | None] | None:
        """Return the account to spend from, and when its period ends; None if none is needed."""
        limit = decision.limit
        if limit is None or not (grant.leased and decision.allowed):
            return None
        period = quota_period(grant, self.snapshot.zone, now)
        return ledger.account(feature, grant, period, limit), period.end

    def _shorten(self, seconds: float, until: datetime | None, now: datetime) -> float:
        """Let an answer hold no longer than until an instant; a test clock stands still."""
        if until is None or self.snapshot.test_clock_at is not None:
            return seconds
        return min(seconds, (until - now).total_seconds())
