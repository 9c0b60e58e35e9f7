"""Totals of events whose digest adds up, as values."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.kernel.ids import TenantId
from control_plane.runtime.writes import run
from metering.domain.digests import Lanes, sum_digest
from metering.domain.usage import UsageTotal
from metering.stores.added_sql import added_sql
from metering.stores.reading import Reading, asked_json


@dataclass(frozen=True, slots=True)
class Added:
    """What events add up to, before their digest is written: ``names`` hashes of these lanes."""

    quantity: Decimal
    events: int
    names: int
    lanes: Lanes
    taken_back: int
    kept_from: datetime | None

    @property
    def digest(self) -> str:
        """Name the set."""
        return sum_digest(self.names, self.lanes)

    async def total(self, reading: Reading) -> UsageTotal:
        """Return the total, as `Reading.total` would with the other kind of digest."""
        taken, kept_from = self.taken_back, self.kept_from
        return await reading.totalled(self.quantity, self.events, self.digest, taken, kept_from)


async def added(
    session: AsyncSession, tenant_id: TenantId, readings: Sequence[Reading]
) -> list[Added]:
    """Add up several readings of a tenant, with one query; two where some have filters."""
    found: dict[int, Added] = {}
    for filtered in (False, True):
        asked = [(n, r.bound) for n, r in enumerate(readings) if r.filtered is filtered]
        if asked:
            bound = {"tenant_id": tenant_id, "asked": asked_json(asked)}
            rows = await run(session, added_sql(filtered=filtered), bound)
            found |= {row[0]: _added(row) for row in rows}
    return [found[n] for n in range(len(readings))]


def _added(row: Any) -> Added:
    _, quantity, events, names, taken_back, kept_from, *lanes = row
    return Added(
        quantity=Decimal(quantity),
        events=int(events),
        names=int(names),
        lanes=Lanes(*(int(lane) for lane in lanes)),
        taken_back=int(taken_back),
        kept_from=kept_from,
    )
