"""Reads timelines, and appends to them."""

from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from control_plane.kernel.ids import ChangeId, SubscriptionId, TenantId, format_id, new_id
from control_plane.subscriptions.codec import change_from_row, change_row
from control_plane.subscriptions.domain import Action, Change, Timeline
from control_plane.subscriptions.errors import SubscriptionNotFound
from control_plane.subscriptions.models import ChangeRow, SubscriptionRow

_TIMELINES = text(
    "SELECT id, subscription_id, seq, effective_at, known_at, kind, plan_version_id, "
    "addon_version_id, details FROM subscription_changes WHERE tenant_id = :tenant_id "
    "ORDER BY subscription_id, seq"
)


@dataclass(frozen=True, slots=True)
class SubscriptionRepository:
    """The subscriptions of the session's tenant, within one transaction."""

    session: AsyncSession

    async def lock_tenant(self, tenant_id: TenantId) -> None:
        """Wait until no other transaction decides over this tenant's subscriptions as a whole.

        Held to the end of the transaction. Take it before checking a rule across
        subscriptions (a module is covered once), and before `lock`.
        """
        await self.session.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"),
            {"name": f"subscriptions:{tenant_id}"},
        )

    async def add(self, tenant_id: TenantId, timeline: Timeline) -> None:
        """Keep a new subscription, made by `new_timeline`."""
        row = SubscriptionRow(
            tenant_id=tenant_id,
            id=timeline.subscription_id,
            created_at=timeline.changes[0].known_at,
        )
        self.session.add(row)
        await self.session.flush()
        self.session.add_all(change_row(tenant_id, change) for change in timeline.changes)
        await self.session.flush()

    async def lock(self, subscription_id: SubscriptionId) -> Timeline:
        """Return the timeline, and let nobody else append to it before this transaction ends.

        Raises:
            SubscriptionNotFound: the tenant has none of that id.
        """
        held = await self.session.scalar(
            select(col(SubscriptionRow.id))
            .where(col(SubscriptionRow.id) == subscription_id)
            .with_for_update()
        )
        if held is None:
            raise _not_found(subscription_id)
        return await self.timeline(subscription_id)

    async def timeline(self, subscription_id: SubscriptionId) -> Timeline:
        """Return the timeline as it stands.

        Raises:
            SubscriptionNotFound: the tenant has none of that id.
        """
        rows = await self.session.scalars(
            select(ChangeRow)
            .where(col(ChangeRow.subscription_id) == subscription_id)
            .order_by(col(ChangeRow.seq))
        )
        changes = tuple(change_from_row(row) for row in rows)
        if not changes:
            raise _not_found(subscription_id)
        return Timeline(subscription_id, changes)

    async def timelines(self, tenant_id: TenantId) -> tuple[Timeline, ...]:
        """Return every subscription of the tenant, ended ones too, oldest first."""
        rows = await self.session.execute(_TIMELINES, {"tenant_id": tenant_id})
        grouped = groupby(map(change_from_row, rows), key=lambda change: change.subscription_id)
        return tuple(Timeline(key, tuple(changes)) for key, changes in grouped)

    async def append(
        self,
        tenant_id: TenantId,
        subscription_id: SubscriptionId,
        action: Action,
        *,
        effective_at: datetime,
        known_at: datetime,
    ) -> Change:
        """Record one more change, after locking the subscription.

        Raises:
            SubscriptionNotFound: the tenant has none of that id.
            AlreadyStarted, ChangeBeforeStart, SubscriptionEnded: see `Timeline.with_change`.
        """
        timeline = await self.lock(subscription_id)
        longer = timeline.with_change(
            ChangeId(new_id()), action, effective_at=effective_at, known_at=known_at
        )
        self.session.add(change_row(tenant_id, longer.changes[-1]))
        await self.session.flush()
        return longer.changes[-1]


def _not_found(subscription_id: SubscriptionId) -> SubscriptionNotFound:
    return SubscriptionNotFound(subscription_id=format_id("sub", subscription_id))
