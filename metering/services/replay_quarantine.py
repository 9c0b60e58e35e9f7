"""Count what waited in quarantine, once a meter counts its type."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from control_plane.audit.record import record
from control_plane.catalog.repository import CatalogRepository
from control_plane.kernel.ids import TenantId, format_id
from control_plane.runtime.unit_of_work import UnitOfWork
from metering.domain.events import IngestResult, IngestStatus
from metering.domain.quarantine import Replayed
from metering.errors import EventTooLate
from metering.errors_quarantine import QuarantinedTypeNotFound
from metering.services.ingest_usage import IngestUsage
from metering.stores.quarantine import Quarantine, Waiting

MOST_AT_ONCE = 5_000

_SETTLED = {IngestStatus.ACCEPTED, IngestStatus.DUPLICATE}


@dataclass(frozen=True, slots=True)
class ReplayQuarantine:
    """Take quarantined events in as if they were sent now, in one transaction.

    What is counted, or was before, leaves the quarantine with it; what came too late goes to the
    refused events. What its meter rejects, or is in conflict with another event, stays with its
    reason. However often a replay is started or killed, each event counts once.
    """

    work: UnitOfWork
    ingest: IngestUsage

    async def __call__(
        self,
        *,
        tenant_id: TenantId,
        actor: str,
        event_type: str | None = None,
        untried: bool = False,
    ) -> Replayed:
        """Replay up to `MOST_AT_ONCE` events whose type a meter counts.

        Args:
            tenant_id: whose events.
            actor: who asked for it, for the audit record.
            event_type: those of this type only.
            untried: those only that were not tried yet by the catalogue on sale.

        Raises:
            QuarantinedTypeNotFound: there are none of ``event_type``.
        """
        async with self.work(tenant_id) as session:
            quarantine = Quarantine(session, tenant_id)
            await quarantine.lock()
            if event_type is not None and not await quarantine.page(event_type, None, 1):
                raise QuarantinedTypeNotFound(value=event_type, field="type")
            catalog = CatalogRepository(session)
            revision = await catalog.revision()
            counted = {meter.event_type for meter in (await catalog.meters()).values()}
            found = await quarantine.replayable(
                counted if event_type is None else counted & {event_type},
                before=revision if untried else None,
                limit=MOST_AT_ONCE + 1,
            )
            waiting, more = found[:MOST_AT_ONCE], len(found) > MOST_AT_ONCE
            if not waiting:
                return Replayed()
            results = await self.ingest.within(tenant_id, [w.kept.event for w in waiting])
            done = await _settle(quarantine, waiting, results, revision)
            replayed = _replayed(done, more=more)
            await record(
                session,
                tenant_id,
                actor,
                "usage.quarantine_replayed",
                "organisation",
                format_id("ten", tenant_id),
                {"types": sorted({w.kept.event.type for w in waiting}), **done},
            )
        return replayed


async def _settle(
    quarantine: Quarantine,
    waiting: Sequence[Waiting],
    results: Sequence[IngestResult],
    revision: int,
) -> dict[str, int]:
    """Let go what is settled, note why the rest stays, and count both."""
    leaving: list[int] = []
    staying: dict[int, str] = {}
    done: Counter[str] = Counter()
    for one, result in zip(waiting, results, strict=True):
        late = isinstance(result.refusal, EventTooLate)
        if result.status in _SETTLED or late:
            leaving.append(one.seq)
            done["too_late" if late else result.status.value] += 1
        else:
            staying[one.seq] = result.reason or result.status.value
            done["kept"] += 1
    await quarantine.leave(leaving)
    await quarantine.stay(staying, revision)
    return dict(done)


def _replayed(done: Mapping[str, int], *, more: bool) -> Replayed:
    return Replayed(
        accepted=done.get("accepted", 0),
        duplicate=done.get("duplicate", 0),
        too_late=done.get("too_late", 0),
        kept=done.get("kept", 0),
        more=more,
    )
