"""The gate: who calls, what the tenant's subscription allows, and what time it is there."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from math import ceil

from control_plane.kernel.clock import Clock
from control_plane.kernel.errors import TallyardError
from control_plane.kernel.instants import local_date, local_day_start
from control_plane.sdk.client import EntitlementState
from control_plane.sdk.decide import Decision, Reason
from control_plane.sdk.snapshot import KeyGrant, ServiceGrant
from inventory_modules.chassis.errors import (
    ApiKeyInvalid,
    ApiKeyMissing,
    DailyLimitReached,
    EntitlementStale,
    InstanceDraining,
    NotSubscribed,
    ScopeMissing,
)
from inventory_modules.chassis.standing import OPEN_FOR_READING, REFUSALS

_UNCONFIRMED = {Reason.STALE, Reason.NO_SNAPSHOT}
_DAY = timedelta(days=1)
DRAIN_SECONDS = 600.0


class Gate:
    """Answers from the signed snapshot in memory; nothing here waits, but for unknown keys.

    ``refresh`` fetches the newest snapshot. It is asked when a secret is unknown, so that a key
    made a moment ago works at once.
    """

    def __init__(
        self, state: EntitlementState, clock: Clock, refresh: Callable[[], Awaitable[bool]]
    ) -> None:
        self.state = state
        self._clock = clock
        self._refresh = refresh
        self._closed_until = float("-inf")

    async def caller(self, authorization: str | None, scope: str) -> KeyGrant:
        """Return the API key that a call carries.

        Raises:
            ApiKeyMissing, ApiKeyInvalid: none, or none that is known and current.
            ScopeMissing: the key is good for other things.
        """
        secret = _bearer(authorization)
        grant = self.state.identify(secret)
        if grant is None and await self._refresh():
            grant = self.state.identify(secret)
        if grant is None:
            raise ApiKeyInvalid
        if scope not in grant.scopes:
            raise ScopeMissing(scope=scope)
        return grant

    async def service(self, authorization: str | None, scope: str) -> ServiceGrant:
        """Return the service that a call comes from.

        Raises:
            ApiKeyMissing, ApiKeyInvalid: no token, or none that may do ``scope``.
        """
        token = _bearer(authorization)
        grant = self.state.authenticate_service(token, scope)
        if grant is None and await self._refresh():
            grant = self.state.authenticate_service(token, scope)
        if grant is None:
            raise ApiKeyInvalid
        return grant

    def require(self, feature: str) -> None:
        """Let a call pass that needs a feature.

        Raises:
            NotSubscribed: it is not the tenant's to use now.
            ReadOnly, Suspended, ServiceEnded: an invoice is overdue.
            EntitlementStale: that could not be confirmed for too long.
        """
        decision = self.state.check(feature)
        if not decision.allowed:
            raise _refusal(decision, feature)

    def require_reading(self, feature: str) -> None:
        """Let a call pass that only reads: whoever does not pay keeps reading what is there.

        Raises:
            NotSubscribed: it is not the tenant's to use now.
            ServiceEnded: an invoice has been overdue for so long that nothing is kept here.
            EntitlementStale: that could not be confirmed for too long.
        """
        decision = self.state.check(feature)
        if not decision.allowed and decision.reason not in OPEN_FOR_READING:
            raise _refusal(decision, feature)

    def require_open(self) -> None:
        """Let new documents pass unless the instance is being wound up.

        Raises:
            InstanceDraining: it is.
        """
        if self._clock.monotonic() < self._closed_until:
            raise InstanceDraining

    def close(self) -> None:
        """Take no new documents for ten minutes, or until the next start: time for an export."""
        self._closed_until = self._clock.monotonic() + DRAIN_SECONDS

    def now(self) -> datetime:
        """Return the tenant's present: its test clock's where it has one."""
        return self.state.now()

    def limit_reached(self, feature: str, limit: int) -> DailyLimitReached:
        """Return the refusal that says when the next day begins."""
        now, zone = self.now(), self._zone()
        day = local_date(now, zone)
        wait = ceil((local_day_start(day + _DAY, zone) - now).total_seconds())
        return DailyLimitReached(
            retry_after=wait, limit=limit, feature=feature, day=day.isoformat(), zone=zone
        )

    def _zone(self) -> str:
        snapshot = self.state.snapshot
        if snapshot is None:
            raise EntitlementStale(feature="calendar")
        return snapshot.zone


def _refusal(decision: Decision, feature: str) -> TallyardError:
    if decision.reason in _UNCONFIRMED:
        return EntitlementStale(feature=feature)
    return REFUSALS.get(decision.reason, NotSubscribed)(feature=feature)


def _bearer(authorization: str | None) -> str:
    scheme, _, secret = (authorization or "").strip().partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise ApiKeyMissing
    return secret.strip()
