"""Give up events in quarantine that will never be counted."""

from dataclasses import dataclass

from control_plane.audit.record import record
from control_plane.kernel.ids import TenantId, format_id
from control_plane.runtime.unit_of_work import UnitOfWork
from metering.domain.quarantine import LONGEST_REASON
from metering.errors_quarantine import DiscardReasonInvalid, QuarantinedTypeNotFound
from metering.stores.quarantine import Quarantine


@dataclass(frozen=True, slots=True)
class DiscardQuarantined:
    """Remove every event of one type from quarantine, and keep on record who did, and why."""

    work: UnitOfWork

    async def __call__(
        self, *, tenant_id: TenantId, event_type: str, reason: str, actor: str
    ) -> int:
        """Return how many events were discarded.

        Raises:
            DiscardReasonInvalid: ``reason`` is empty or too long.
            QuarantinedTypeNotFound: nothing of this type is in quarantine.
        """
        said = reason.strip()
        if not 1 <= len(said) <= LONGEST_REASON:
            raise DiscardReasonInvalid(value=said[:60], longest=LONGEST_REASON, field="reason")
        async with self.work(tenant_id) as session:
            quarantine = Quarantine(session, tenant_id)
            await quarantine.lock()
            discarded = await quarantine.discard(event_type)
            if not discarded:
                raise QuarantinedTypeNotFound(value=event_type, field="type")
            await record(
                session,
                tenant_id,
                actor,
                "usage.quarantine_discarded",
                "organisation",
                format_id("ten", tenant_id),
                {"type": event_type, "events": discarded, "reason": said},
            )
        return discarded
