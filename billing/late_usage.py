"""How far a close looks back because usage was taken back after its period was closed."""

from collections.abc import Iterable
from dataclasses import replace

from billing.domain.converge import Ask, Instant
from control_plane.catalog.domain import Meter
from control_plane.kernel.ids import TenantId
from metering.ports import UsageStore


async def looking_back(
    usage: UsageStore, tenant_id: TenantId, instant: Instant, back: Iterable[tuple[Ask, Meter]]
) -> Instant:
    """Look back as far as usage was taken back: it is credited at the prices it was billed.

    Below zero it would be lost in a period that has less of its own, or priced by other tiers.

    Args:
        usage: where events are.
        tenant_id: whose.
        instant: what converges.
        back: what was asked, and answered with something taken back.
    """
    reach, anew = dict(instant.reach), set[str]()
    for ask, meter in back:
        page = await usage.events(
            tenant_id,
            meter,
            ask.period,
            cutoff=ask.cutoff,
            since=ask.since,
            after=None,
            limit=1,
        )
        first = page.events[0].time
        subscription = ask.item.subscription_id
        reach[subscription] = min(reach.get(subscription, first), first)
        anew.add(ask.item.key)
    return replace(instant, reach=reach, anew=frozenset(anew))
