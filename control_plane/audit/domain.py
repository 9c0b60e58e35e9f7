"""An audit entry, and the hash that ties it to the one before."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from control_plane.kernel.canonical import canonical_json, sha256_hex
from control_plane.kernel.ids import AuditId, TenantId

GENESIS = "0" * 64
"""What the first seal of a tenant follows."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what to which object. ``recorded_at`` is real time, UTC."""

    id: AuditId
    recorded_at: datetime
    actor: str
    action: str
    object_type: str
    object_id: str
    details: Mapping[str, object]


def seal_hash(tenant_id: TenantId, seq: int, previous_hash: str, entry: AuditEntry) -> str:
    """Return the SHA-256 over an entry, its place and the seal before it, as 64 hex digits.

    Changing, dropping or reordering any sealed entry changes every later hash.
    """
    return sha256_hex(
        canonical_json(
            {
                "tenant": str(tenant_id),
                "seq": seq,
                "previous": previous_hash,
                "entry": {
                    "id": str(entry.id),
                    "recorded_at": entry.recorded_at.astimezone(UTC).isoformat(
                        timespec="microseconds"
                    ),
                    "actor": entry.actor,
                    "action": entry.action,
                    "object_type": entry.object_type,
                    "object_id": entry.object_id,
                    "details": dict(entry.details),
                },
            }
        )
    )
