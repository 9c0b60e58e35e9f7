"""A subscription that really lived: renewed every month, changed twice a year, with add-ons."""

from datetime import timedelta

from control_plane.kernel.calendar import Anchor, Interval
from control_plane.kernel.ids import SubscriptionId, TenantId
from tests.support.billing_world import World
from tests.support.cloned_tenants import make_due
from tests.support.close_bench import START, Connection, report

BOUNDARIES = Anchor(at=START, zone="Asia/Shanghai", interval=Interval.MONTH)
_UP, _DOWN, _PEAK = 6, 0, 5
"""In which months of twelve the plan changes (giving credit notes), and a peak is booked."""


async def live(
    world: World, superuser: Connection, tenant: TenantId, months: int, events: int
) -> None:
    """Let a tenant that subscribed at `START` live so many months, invoiced all the while.

    It ends on the plan it began with, and has used the month after, too: that one is not closed.
    """
    subscription = _subscription(superuser, tenant)
    for month in range(1, months + 1):
        if month > 1:
            _use(superuser, tenant, month, events)
        world.clock.set(BOUNDARIES.boundary(month - 1) + timedelta(days=10))
        await _change(world, tenant, subscription, month % 12)
        world.clock.set(BOUNDARIES.boundary(month))
        make_due(superuser, [tenant], world.clock.now())
        if not await world.close_due(tenant):
            raise AssertionError(f"month {month} was not invoiced")
    _use(superuser, tenant, months + 1, events)
    make_due(superuser, [tenant], None)


async def _change(world: World, tenant: TenantId, subscription: SubscriptionId, month: int) -> None:
    if month == _UP:
        await world.move(tenant, subscription, "plus")
    if month == _DOWN:
        await world.move(tenant, subscription, "all")
    if month == _PEAK:
        await world.book(tenant, subscription)


def _use(superuser: Connection, tenant: TenantId, month: int, events: int) -> None:
    with superuser.cursor() as cursor:
        report(cursor, [tenant], BOUNDARIES.boundary(month - 1), events)
    superuser.commit()


def _subscription(superuser: Connection, tenant: TenantId) -> SubscriptionId:
    row = superuser.execute(
        "SELECT id FROM subscriptions WHERE tenant_id = %s", [tenant]
    ).fetchone()
    superuser.commit()
    if row is None:
        raise AssertionError(f"{tenant} has no subscription")
    return SubscriptionId(row[0])  # type: ignore[arg-type]
