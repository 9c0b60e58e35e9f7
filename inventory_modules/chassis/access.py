"""The gate: who calls, what the tenant's subscription allows, and what time it is there."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from math import ceil

from control_plane.kernel.instants import local_date, local_day_start
from control_plane.sdk.client import EntitlementState
from control_plane.sdk.decide import Reason
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

_UNCONFIRMED = {Reason.STALE, Reason.NO_SNAPSHOT}
_DAY = timedelta(days=1)


class Gate:
    """Answers from the signed snapshot in memory; nothing here waits, but for unknown keys.

    ``refresh`` fetches the newest snapshot. It is asked when a secret is unknown, so that a key
    made a moment ago works at once.
    """

    def __init__(self, state: EntitlementState, refresh: Callable[[], Awaitable[bool]]) -> None:
        self.state = state
        self._refresh = refresh
        self.draining = False

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
            EntitlementStale: that could not be confirmed for too long.
        """
        decision = self.state.check(feature)
        if decision.allowed:
            return
        if decision.reason in _UNCONFIRMED:
            raise EntitlementStale(feature=feature)
        raise NotSubscribed(feature=feature)

    def require_open(self) -> None:
        """Let new documents pass unless the instance is being wound up.

        Raises:
            InstanceDraining: it is.
        """
        if self.draining:
            raise InstanceDraining

    def daily_limit(self, feature: str) -> int | None:
        """Return how many a day the tenant may make; ``None`` where its plan sets no limit.

        Raises:
            NotSubscribed, EntitlementStale: as for ``require``.
        """
        decision = self.state.check(feature)
        if decision.reason is Reason.UNKNOWN_FEATURE:
            return None
        self.require(feature)
        return None if decision.limit is None else int(decision.limit)

    def now(self) -> datetime:
        """Return the tenant's present: its test clock's where it has one."""
        return self.state.now()

    def today(self) -> str:
        """Return the tenant's local day, such as ``2026-06-18``."""
        return local_date(self.now(), self._zone()).isoformat()

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


def _bearer(authorization: str | None) -> str:
    scheme, _, secret = (authorization or "").strip().partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise ApiKeyMissing
    return secret.strip()
