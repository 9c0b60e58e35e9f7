"""What a tenant's entitlement says of one feature's account: pure, and good for a while."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from control_plane.kernel.calendar import instant_text
from control_plane.kernel.exact import quantity_text
from control_plane.sdk.decide import decide
from control_plane.sdk.features import FeatureGrant, FeatureKind, Mode
from control_plane.sdk.lease_messages import MOST_UNITS
from control_plane.sdk.quota import QuotaPeriod, quota_period
from control_plane.sdk.snapshot import Snapshot

LEASE_SECONDS = 30
NOT_LEASED = "not_leased"

_SKEW = timedelta(seconds=60)
"""By how much an instance's clock may differ where one period gives way to the next."""

_NOW = timedelta(0)
_OFFSETS = (-_SKEW, _SKEW, _NOW)

_COUNTED = {
    FeatureKind.METERED: "metered",
    FeatureKind.RATE: "rate",
    FeatureKind.CONCURRENCY: "concurrency",
    FeatureKind.SEATS: "seats",
}


@dataclass(frozen=True, slots=True)
class LeaseTerms:
    """An account's terms now.

    ``deny`` says why nothing is granted, if so. ``limit`` is whole units (a rate's: its burst);
    ``periods`` are those that an operation may name, the present one being ``period``. The terms
    stay as they are before ``until`` (None: nothing known ends them).
    """

    deny: str | None
    kind: str
    hard: bool
    limit: int
    rate: Decimal | None
    window_seconds: int | None
    lease_seconds: int
    period: QuotaPeriod
    periods: Mapping[str, QuotaPeriod]
    until: datetime | None

    def body(self) -> dict[str, object]:
        """Return the JSON form that the database's functions read."""
        return {
            "deny": self.deny,
            "kind": self.kind,
            "hard": self.hard,
            "limit": self.limit,
            "rate": None if self.rate is None else quantity_text(self.rate),
            "window": self.window_seconds,
            "seconds": self.lease_seconds,
            "periods": {
                key: [_text(self, one.start), _text(self, one.end)]
                for key, one in self.periods.items()
            },
        }


def lease_terms(snapshot: Snapshot, feature: str, at: datetime) -> LeaseTerms:
    """Return a feature's terms at an instant; of features that count nothing, the refusal."""
    decision = decide(snapshot, feature, at, age_seconds=0)
    grant = snapshot.features.get(feature)
    kind = None if grant is None else _COUNTED.get(grant.kind)
    if grant is None or kind is None:
        deny = NOT_LEASED if decision.allowed else decision.reason.value
        ever = QuotaPeriod("ever", None, None)
        return LeaseTerms(
            deny, "metered", True, 0, None, None, LEASE_SECONDS, ever, {}, decision.valid_until
        )
    window = next(
        (w for w in grant.windows if w.start <= at and (w.end is None or at < w.end)), None
    )
    near = [quota_period(grant, snapshot.zone, at + offset) for offset in _OFFSETS]
    rated = grant.kind is FeatureKind.RATE and window is not None
    return LeaseTerms(
        deny=None if decision.allowed else decision.reason.value,
        kind="rolling" if grant.rolling_seconds is not None else kind,
        hard=grant.mode is Mode.HARD or grant.kind is not FeatureKind.METERED,
        limit=_whole((window.burst if rated else window.value) if window else None),
        rate=window.value if rated and window and isinstance(window.value, Decimal) else None,
        window_seconds=grant.rolling_seconds,
        lease_seconds=grant.lease_seconds or LEASE_SECONDS,
        period=near[-1],
        periods={one.key: one for one in near},
        until=_until(grant, near, decision.valid_until),
    )


def _whole(value: Decimal | str | None) -> int:
    """Return a limit in whole units: a part of a unit is none."""
    return min(int(value), MOST_UNITS) if isinstance(value, Decimal) else 0


def _until(
    grant: FeatureGrant, near: list[QuotaPeriod], valid_until: datetime | None
) -> datetime | None:
    ends = [] if grant.rolling_seconds is not None else [one.end for one in near]
    changes = [end - offset for end, offset in zip(ends, _OFFSETS, strict=False) if end is not None]
    return min([*changes, *([valid_until] if valid_until else [])], default=None)


def _text(terms: LeaseTerms, at: datetime | None) -> str | None:
    # A rolling window has no start of its own: its account outlives every instant.
    return None if at is None or terms.window_seconds is not None else instant_text(at)
