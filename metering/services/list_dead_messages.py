"""List what came by a stream and was not taken in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import StaffWork
from metering.stores import source_positions as positions


@dataclass(frozen=True, slots=True)
class DeadMessage:
    """A message of which something was refused; ``tenant_id`` is None where it is nobody's.

    ``reasons`` name each refused event by its place, source and id, with the refusal's code.
    """

    seen_at: datetime
    source: str
    sequence: int
    subject: str
    reasons: Sequence[dict[str, Any]]
    body: bytes
    tenant_id: TenantId | None


@dataclass(frozen=True, slots=True)
class ListDeadMessages:
    """Read over all tenants what was refused, the latest first."""

    staff: StaffWork

    async def __call__(self, *, limit: int) -> list[DeadMessage]:
        """Return ``limit`` of them at most."""
        async with self.staff() as session:
            rows = await positions.dead(session, limit)
        return [
            DeadMessage(
                seen_at=seen_at.astimezone(UTC),
                source=source,
                sequence=sequence,
                subject=subject,
                reasons=msgspec.json.decode(reasons),
                body=bytes(body),
                tenant_id=tenant_id,
            )
            for seen_at, source, sequence, subject, reasons, body, tenant_id in rows
        ]
