"""The move of a plan's subscriptions to its newest version: the decision, and each move."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from billing.domain.life.requests import Moment, When
from control_plane.kernel.ids import PlanMigrationId, PlanVersionId, SubscriptionId, TenantId
from control_plane.kernel.money import Money


class MigrationMode(StrEnum):
    """From when the newest version holds."""

    AT_ONCE = "at_once"
    AT_RENEWAL = "at_renewal"
    ON_DATE = "on_date"


class MoveState(StrEnum):
    """What became of one subscription. ``skipped`` had its reason and needs nobody."""

    PENDING = "pending"
    MOVED = "moved"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class PlanMigration:
    """One decision of the vendor; ``on_date`` is set with that mode only."""

    id: PlanMigrationId
    plan_code: str
    to_version: PlanVersionId
    mode: MigrationMode
    on_date: datetime | None
    made_at: datetime
    made_by: str

    @property
    def when(self) -> When:
        """From when each subscription is to be moved."""
        if self.on_date is not None:
            return self.on_date
        return Moment.NOW if self.mode is MigrationMode.AT_ONCE else Moment.PERIOD_END


@dataclass(frozen=True, slots=True)
class Move:
    """One subscription of a migration."""

    tenant_id: TenantId
    subscription_id: SubscriptionId
    state: MoveState
    reason: str | None
    effective_at: datetime | None
    handled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Impact:
    """What a migration would mean for one subscription, per period, before tax.

    Amounts are None where it would not be moved; ``reason`` then says why.
    """

    tenant_id: TenantId
    customer: str
    subscription_id: SubscriptionId
    from_label: str
    before: Money | None
    after: Money | None
    effective_at: datetime | None
    reason: str | None = None

    @property
    def difference(self) -> Money | None:
        """How much more, or less, each period costs."""
        if self.before is None or self.after is None:
            return None
        return self.after - self.before
