"""What charges are priced by, from the events themselves."""

from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.kernel.ids import TenantId
from metering.domain.digests import is_added
from metering.domain.usage import Usage, UsageTotal
from metering.ports import Wanted
from metering.stores.added import added
from metering.stores.reading import Reading, totals


async def measure_events(
    session: AsyncSession, tenant_id: TenantId, wanted: Mapping[int, Wanted]
) -> dict[int, Usage]:
    """Add up every question with one query for each kind of digest, then what else it needs."""
    readings = {
        n: Reading(
            session, tenant_id, w.meter.narrowed(w.charge.filters), w.period, w.cutoff, w.since
        )
        for n, w in wanted.items()
    }
    older = {n for n, w in wanted.items() if w.digest is not None and not is_added(w.digest)}
    found: dict[int, UsageTotal] = {}
    if older:
        asked = [readings[n] for n in sorted(older)]
        found |= zip(sorted(older), await totals(session, tenant_id, asked), strict=True)
    newer = sorted(readings.keys() - older)
    if newer:
        sums = await added(session, tenant_id, [readings[n] for n in newer])
        for n, total in zip(newer, sums, strict=True):
            found[n] = await total.total(readings[n])
    return {n: await readings[n].measure(w.charge, found[n]) for n, w in wanted.items()}
