"""Show a tenant's subscriptions as they stand now."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.due import next_due_at
from billing.domain.lines import Versions
from billing.shelf import load_versions
from control_plane.catalog.domain import AddonVersion, PlanVersion
from control_plane.kernel.calendar import Interval, Period
from control_plane.kernel.currency import Currency, currency
from control_plane.kernel.ids import SubscriptionId, TenantId
from control_plane.kernel.money import Money
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.subscriptions.domain import Segment, Status, Timeline
from control_plane.subscriptions.repository import SubscriptionRepository
from control_plane.tenancy.clocks import TenantClock


@dataclass(frozen=True, slots=True)
class ScheduledChange:
    """Something recorded that has not taken effect; ``plan`` is None for the end."""

    effective_at: datetime
    plan: PlanVersion | None
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class BookedAddon:
    """An add-on and the window it was booked for."""

    addon: AddonVersion
    window: Period
    status: Status


@dataclass(frozen=True, slots=True)
class SubscriptionView:
    """A subscription at the tenant's present instant.

    ``plan``, ``interval``, ``fee`` (per interval, no tax) and ``current_period`` are of the plan
    that holds, or that held last; ``next_invoice_at`` is None once nothing more will be due.
    """

    id: SubscriptionId
    status: Status
    plan: PlanVersion
    interval: Interval
    currency: Currency
    fee: Money
    started_at: datetime
    ends_at: datetime | None
    current_period: Period | None
    next_invoice_at: datetime | None
    scheduled: tuple[ScheduledChange, ...]
    addons: tuple[BookedAddon, ...]
    timeline: Timeline
    versions: Versions


@dataclass(frozen=True, slots=True)
class ListSubscriptions:
    """Every subscription of the tenant, ended ones too, the oldest first."""

    work: UnitOfWork
    tenant_clock: TenantClock

    async def __call__(self, tenant_id: TenantId) -> list[SubscriptionView]:
        """Return them as they stand on the tenant's clock."""
        async with self.work(tenant_id) as session:
            timelines = await SubscriptionRepository(session).timelines(tenant_id)
            now = await self.tenant_clock.now(session, tenant_id)
            return [await view_of(session, timeline, now) for timeline in timelines]


async def view_of(session: AsyncSession, timeline: Timeline, now: datetime) -> SubscriptionView:
    """Return a subscription as it stands at ``now``."""
    versions = await load_versions(session, [timeline])
    segment = _shown_segment(timeline, now)
    plan = versions.plans[segment.plan_version_id]
    code = currency(timeline.currency)
    status = timeline.status_at(now)
    return SubscriptionView(
        id=timeline.subscription_id,
        status=status,
        plan=plan,
        interval=segment.interval,
        currency=code,
        fee=plan.price(code, segment.interval).fee,
        started_at=timeline.started_at,
        ends_at=timeline.ended_at,
        current_period=segment.anchor.period_at(now) if status is Status.ACTIVE else None,
        next_invoice_at=next_due_at(timeline, now),
        scheduled=_scheduled(timeline, versions, now),
        addons=tuple(
            BookedAddon(
                addon=versions.addons[booking.addon_version_id],
                window=booking.window,
                status=_window_status(timeline, booking.window, now),
            )
            for booking in timeline.addon_bookings()
        ),
        timeline=timeline,
        versions=versions,
    )


def _shown_segment(timeline: Timeline, now: datetime) -> Segment:
    """Return the plan that holds, or else the nearest one there was or will be."""
    held = timeline.segment_at(now)
    if held is not None:
        return held
    if timeline.segments:
        return timeline.segments[-1 if now >= timeline.started_at else 0]
    # Cancelled at the very instant of its start: it never held a plan, but asked for one.
    whole = Timeline(timeline.subscription_id, timeline.changes[:1])
    return whole.segments[0]


def _scheduled(
    timeline: Timeline, versions: Versions, now: datetime
) -> tuple[ScheduledChange, ...]:
    changes = [
        ScheduledChange(s.start, versions.plans[s.plan_version_id], s.interval)
        for before, s in zip(timeline.segments, timeline.segments[1:], strict=False)
        if s.start > now
        and (s.plan_version_id, s.interval) != (before.plan_version_id, before.interval)
    ]
    end = timeline.ended_at
    if end is not None and end > now:
        changes.append(ScheduledChange(end, None, None))
    return tuple(changes)


def _window_status(timeline: Timeline, window: Period, now: datetime) -> Status:
    end = window.end if timeline.ended_at is None else min(window.end, timeline.ended_at)
    if now >= end:
        return Status.ENDED
    return Status.SCHEDULED if now < window.start else Status.ACTIVE
