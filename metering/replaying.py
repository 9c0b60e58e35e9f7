"""What metering does by itself with events in quarantine, once a catalogue counts them."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import structlog
from sqlalchemy import text

from control_plane.catalog.repository import CatalogRepository
from control_plane.kernel.ids import TenantId, format_id
from control_plane.runtime.unit_of_work import SystemWork
from metering.services.replay_quarantine import ReplayQuarantine

log = structlog.get_logger()

_FITTING = text(
    "SELECT DISTINCT tenant_id FROM usage_quarantine "
    "WHERE type = ANY(:types) AND revision < :revision AND tenant_id <> ALL(:failed) LIMIT 200"
)
_ACTOR = "replay-quarantine"


@dataclass(frozen=True, slots=True)
class ReplayFittingQuarantine:
    """Finds tenants with events in quarantine that a newer catalogue counts, and replays them.

    Each event is tried once by each revision of the catalogue.
    """

    system: SystemWork
    replay: ReplayQuarantine
    name: str = _ACTOR
    every_seconds: float = 5.0

    async def run(self) -> int:
        """Replay until nothing fits, and return how many events were counted.

        Raises:
            RuntimeError: it failed for some tenants, so that the job shows as failing.
        """
        counted, failed = 0, set[TenantId]()
        while fitting := await self._fitting(failed):
            for tenant_id in fitting:
                try:
                    done = await self.replay(tenant_id=tenant_id, actor=_ACTOR, untried=True)
                    counted += done.accepted
                except Exception:
                    failed.add(tenant_id)
                    log.exception("replaying_failed", tenant_id=format_id("ten", tenant_id))
        if failed:
            raise RuntimeError(f"{len(failed)} tenants' events could not be replayed; see the log")
        return counted

    async def _fitting(self, failed: AbstractSet[TenantId]) -> list[TenantId]:
        async with self.system() as session:
            catalog = CatalogRepository(session)
            types = sorted({meter.event_type for meter in (await catalog.meters()).values()})
            asked = {
                "types": types,
                "revision": await catalog.revision(),
                "failed": list(failed),
            }
            return [TenantId(row[0]) for row in await session.execute(_FITTING, asked)]
