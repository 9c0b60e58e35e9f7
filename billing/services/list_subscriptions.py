"""Show a tenant's subscriptions as they stand now."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.items import PolicyBook, next_due_at
from billing.domain.life.fees import Held, recurring_fee
from billing.domain.life.standing import effective_price, nearest, waits
from billing.domain.lines import Versions
from billing.domain.owing.states import priced
from billing.shelf import load_versions
from control_plane.catalog.domain import AddonVersion, PlanVersion
from control_plane.catalog.policies import DEFAULTS, Pause
from control_plane.kernel.calendar import Interval, Period
from control_plane.kernel.currency import Currency, currency
from control_plane.kernel.ids import ChangeId, SubscriptionId, TenantId
from control_plane.kernel.money import Money
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.subscriptions.codec import action_kind
from control_plane.subscriptions.domain import (
    AddonBooking,
    Change,
    ChangePlan,
    ChangeQuantity,
    Segment,
    Start,
    Status,
    Terms,
    Timeline,
)
from control_plane.subscriptions.repository import SubscriptionRepository
from control_plane.tenancy.clocks import TenantClock


@dataclass(frozen=True, slots=True)
class ScheduledChange:
    """Something recorded that has not taken effect, and can be taken back by its id.

    ``kind`` names the action as timelines do; ``plan`` is set where it brings one, ``component``
    and ``quantity`` where it counts.
    """

    change_id: ChangeId
    kind: str
    effective_at: datetime
    plan: PlanVersion | None = None
    interval: Interval | None = None
    component: str | None = None
    quantity: int | None = None


@dataclass(frozen=True, slots=True)
class BookedAddon:
    """An add-on and the window it is booked for; ``price`` is that of all of them, as fixed."""

    booking_id: ChangeId
    addon: AddonVersion
    window: Period
    status: Status
    quantity: int
    price: Money
    cancelled_at: datetime | None


@dataclass(frozen=True, slots=True)
class SubscriptionView:
    """A subscription at the tenant's present instant.

    ``plan``, ``interval``, ``fee`` (per interval and quantity, negotiated, no tax) and
    ``current_period`` are of the plan that holds, or that held last; ``next_invoice_at`` is None
    once nothing more will be due. ``components`` are what its price counts.
    """

    id: SubscriptionId
    status: Status
    plan: PlanVersion
    interval: Interval
    count: int
    currency: Currency
    fee: Money
    started_at: datetime
    ends_at: datetime | None
    current_period: Period | None
    next_invoice_at: datetime | None
    paused: bool
    trial_end: datetime | None
    components: Mapping[str, int]
    terms: Terms | None
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


def fee_due(plan: PlanVersion, code: Currency, segment: Segment, book: PolicyBook) -> Money | None:
    """Return what a segment is billed per interval, before tax; None where it is free."""
    price, policies = priced(segment, plan, code, book)
    if segment.trial or (segment.paused and policies.pause is Pause.CREDIT_UNUSED):
        return None
    held = Held(plan.label, price, segment.quantities, policies, segment.anchor.zone)
    return recurring_fee(held)


async def view_of(session: AsyncSession, timeline: Timeline, now: datetime) -> SubscriptionView:
    """Return a subscription as it stands at ``now``."""
    versions = await load_versions(session, [timeline])
    segment = nearest(timeline, now)
    plan = versions.plans[segment.plan_version_id]
    code = currency(timeline.currency)
    price = effective_price(plan, code, segment)
    held = Held(plan.label, price, segment.quantities, DEFAULTS, segment.anchor.zone)
    status = timeline.status_at(now)
    trial_end = timeline.trial_end
    running = status is Status.ACTIVE and now >= segment.anchor.at
    return SubscriptionView(
        id=timeline.subscription_id,
        status=status,
        plan=plan,
        interval=segment.interval,
        count=segment.count,
        currency=code,
        fee=recurring_fee(held),
        started_at=timeline.started_at,
        ends_at=timeline.ended_at,
        current_period=_period(timeline, segment.anchor.period_at(now), now) if running else None,
        next_invoice_at=None if status is Status.ENDED else next_due_at(timeline, now),
        paused=segment.paused and status is Status.ACTIVE,
        trial_end=trial_end if trial_end is not None and trial_end > now else None,
        components={name: segment.quantity(name) for name in price.components},
        terms=segment.terms,
        scheduled=tuple(
            _scheduled(change, versions)
            for change in timeline.changes
            if waits(timeline, change, now)
        ),
        addons=tuple(
            _booked(booking, versions, code, now) for booking in timeline.addon_bookings()
        ),
        timeline=timeline,
        versions=versions,
    )


def _period(timeline: Timeline, period: Period, now: datetime) -> Period:
    """Cut the running period where the subscription began, or began again, within it."""
    began = max(life.start for life in timeline.lives if life.start <= now)
    return Period(max(period.start, began), period.end)


def _scheduled(change: Change, versions: Versions) -> ScheduledChange:
    action = change.action
    plan = isinstance(action, Start | ChangePlan)
    counts = isinstance(action, ChangeQuantity)
    return ScheduledChange(
        change_id=change.id,
        kind=action_kind(action),
        effective_at=change.effective_at,
        plan=versions.plans[action.plan_version_id] if plan else None,  # type: ignore[union-attr]
        interval=action.interval if plan else None,  # type: ignore[union-attr]
        component=action.component if counts else None,  # type: ignore[union-attr]
        quantity=action.quantity if counts else None,  # type: ignore[union-attr]
    )


def _booked(
    booking: AddonBooking, versions: Versions, code: Currency, now: datetime
) -> BookedAddon:
    addon = versions.addons[booking.addon_version_id]
    price = booking.price or addon.price(code)
    return BookedAddon(
        booking_id=booking.change_id,
        addon=addon,
        window=booking.window,
        status=_window_status(booking, now),
        quantity=booking.quantity,
        price=price.scale(booking.quantity),
        cancelled_at=booking.cancelled_at,
    )


def _window_status(booking: AddonBooking, now: datetime) -> Status:
    granted = booking.granted
    if granted is None or now >= granted.end:
        return Status.ENDED
    return Status.SCHEDULED if now < granted.start else Status.ACTIVE
