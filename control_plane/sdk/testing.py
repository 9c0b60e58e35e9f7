"""What a service's own tests ask instead of a control plane.

Fakes, not mocks: the answers are the real ``EntitlementState``'s, on a clock that a test moves.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal

from control_plane.kernel.clock import FakeClock
from control_plane.sdk.emulator import Emulator
from control_plane.sdk.features import FeatureGrant, FeatureKind, Standing, Window
from control_plane.sdk.snapshot import Snapshot

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_SOURCE = "test"


class FakeEntitlements(Emulator):
    """A tenant's entitlements as a test says they are; what was not allowed is refused.

    Every change is a new revision, known at the next check. ``clock`` stands still until the test
    moves it; with ``connected`` set to False, nothing more is heard and answers grow old. What was
    spent is counted here alone: ``ledger.used(feature)`` tells.
    """

    def __init__(
        self,
        *,
        clock: FakeClock | None = None,
        zone: str = "Asia/Shanghai",
        tenant: str = "ten_test",
    ) -> None:
        self.clock = clock or FakeClock(datetime(2026, 1, 10, 2, tzinfo=UTC))
        super().__init__(Snapshot(tenant, 1, self.clock.now(), zone), self.clock)

    def allow(self, *features: str) -> None:
        """Grant boolean features, until further notice."""
        self.grant({code: _always(FeatureKind.BOOLEAN) for code in features})

    def configure(self, feature: str, value: int | Decimal | str) -> None:
        """Give a configuration feature its value."""
        known = value if isinstance(value, str) else Decimal(value)
        self.grant({feature: _always(FeatureKind.CONFIGURATION, known)})

    def limit(
        self,
        feature: str,
        units: int,
        *,
        kind: FeatureKind = FeatureKind.METERED,
        per: str = "day",
    ) -> None:
        """Grant so many units a period, so many slots, seats, or tokens a second."""
        metered = kind is FeatureKind.METERED
        self.grant({feature: _always(kind, Decimal(units), per=per if metered else None)})

    def refuse(self, *features: str) -> None:
        """Take features away; they stay known, as not subscribed to."""
        known = self._features()
        missing = {code: FeatureGrant(FeatureKind.BOOLEAN, ()) for code in features}
        self.grant(
            {code: replace(known.get(code, none), windows=()) for code, none in missing.items()}
        )

    def grant(self, features: Mapping[str, FeatureGrant]) -> None:
        """Grant features exactly as a snapshot would say it."""
        self._change(features={**self._features(), **features})

    def stand(self, standing: Standing) -> None:
        """Let the tenant stand thus with its payments."""
        self._change(standing=standing)

    def _features(self) -> Mapping[str, FeatureGrant]:
        return self.snapshot.features if self.snapshot else {}

    def _change(self, **changes: object) -> None:
        if self.snapshot is not None:
            self.publish(replace(self.snapshot, **changes))  # type: ignore[arg-type]


@dataclass(slots=True)
class RecordedCalls:
    """A recorder that keeps what it was given; ``refusal`` is raised instead."""

    calls: list[tuple[str, datetime, dict[str, int | str]]] = field(default_factory=list)
    refusal: Exception | None = None

    def record(self, event_type: str, at: datetime, data: Mapping[str, int | str]) -> None:
        """Keep a call, or raise ``refusal``."""
        if self.refusal is not None:
            raise self.refusal
        self.calls.append((event_type, at, dict(data)))


def _always(
    kind: FeatureKind, value: Decimal | str | None = None, per: str | None = None
) -> FeatureGrant:
    burst = value if kind is FeatureKind.RATE and isinstance(value, Decimal) else None
    return FeatureGrant(kind, (Window(_EPOCH, None, _SOURCE, value, burst),), per=per)
