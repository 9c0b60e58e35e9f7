"""What a tenant is given besides what it bought: grants, and overrides with the last word."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from control_plane.catalog.domain import Feature, FeatureKind, Grant
from control_plane.kernel.anchor import Anchor
from control_plane.kernel.ids import format_id
from control_plane.sdk.quota import QuotaPeriod

USUAL_PRIORITY = 100
"""The priority of a grant that states none, and of what the plan gives in a period."""

CARRIED = frozenset({"day", "week", "month", "quarter", "year", "ever"})
"""The periods of features whose granted units last until they are used; shorter ones, and
rolling windows, have the units of a grant added to every limit instead."""


@dataclass(frozen=True, slots=True)
class Rollover:
    """What of a rest is carried over: no more than ``most`` (None: all), made up to ``least``."""

    least: int = 0
    most: int | None = None

    def carried(self, rest: int) -> int:
        """Return what is left of a rest where it rolls over; doing so again changes nothing."""
        return max(rest if self.most is None else min(rest, self.most), self.least)


ALL = Rollover()
NOTHING = Rollover(most=0)


@dataclass(frozen=True, slots=True)
class TenantGrant:
    """Units or a value of one feature, given in ``[starts_at, until)``.

    Units of a `CARRIED` feature are used up: in the order of ``priority`` (the smaller first),
    expiry (the sooner first), creation. With a ``recurrence`` the units come again at each of its
    boundaries, and what rolls over is added; without one the rest rolls over where the feature's
    period ends. ``ended_at`` is when it was withdrawn.
    """

    id: UUID
    feature: str
    value: Grant
    starts_at: datetime
    created_at: datetime
    reason: str = ""
    created_by: str = ""
    expires_at: datetime | None = None
    priority: int = USUAL_PRIORITY
    recurrence: Anchor | None = None
    rollover: Rollover = ALL
    ended_at: datetime | None = None

    @property
    def source(self) -> str:
        """How windows name it."""
        return f"grant:{format_id('gra', self.id)}"

    @property
    def until(self) -> datetime | None:
        """When it ends, as far as is known."""
        return earliest(self.expires_at, self.ended_at)

    @property
    def units(self) -> int:
        """The units that come at once."""
        return int(self.value) if isinstance(self.value, Decimal) else 0


@dataclass(frozen=True, slots=True)
class Override:
    """The last word on one feature in ``[starts_at, until)``; False takes it away."""

    id: UUID
    feature: str
    value: Grant
    starts_at: datetime
    created_at: datetime
    reason: str
    created_by: str = ""
    ends_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def source(self) -> str:
        """How windows name it."""
        return f"override:{format_id('ovr', self.id)}"

    @property
    def until(self) -> datetime | None:
        """When it ends, as far as is known."""
        return earliest(self.ends_at, self.ended_at)


@dataclass(frozen=True, slots=True)
class PeriodUse:
    """What was used of a feature in one of its periods, so far or in all."""

    key: str
    start: datetime | None
    end: datetime | None
    units: int

    def is_cut_by(self, period_of: Callable[[datetime], QuotaPeriod]) -> bool:
        """Tell whether its period is one of these: no balance may follow from any other.

        An account of a feature that was counted by the minute before may be forgotten any time.
        """
        return self.start is None or period_of(self.start).key == self.key


@dataclass(frozen=True, slots=True)
class Reading:
    """What had been used in the period by an instant within it."""

    at: datetime
    key: str
    units: int


def is_carried(feature: Feature) -> bool:
    """Tell whether units granted of a feature last until they are used."""
    return feature.kind is FeatureKind.METERED and feature.per in CARRIED


def earliest(*instants: datetime | None) -> datetime | None:
    """Return the first of some instants; None stands for never."""
    return min((at for at in instants if at is not None), default=None)
