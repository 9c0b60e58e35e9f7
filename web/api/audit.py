"""Who did what, in an append-only record chained by hash."""

from datetime import datetime
from typing import Any

import msgspec
from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from control_plane.identity.domain import Permission
from control_plane.kernel.ids import AuditId, format_id
from web.api.common import ApiRequest, id_from, tenant
from web.compose import Application


class AuditView(msgspec.Struct):
    """One entry: who did what to which thing."""

    id: str
    recorded_at: datetime
    actor: str
    action: str
    object_type: str
    object_id: str
    details: dict[str, Any]


class VerificationView(msgspec.Struct):
    """Whether the chain of hashes holds, and how far it is sealed."""

    intact: bool
    sealed: int
    unsealed: int
    broken_at: int | None
    head: str


@get("/audit", opt={"permission": Permission.AUDIT_READ})
async def list_audit(
    request: ApiRequest,
    application: NamedDependency[Application],
    before: FromQuery[str | None] = None,
    object_id: FromQuery[str | None] = None,
    limit: FromQuery[int] = 100,
) -> list[AuditView]:
    """List what happened, newest first; ``before`` is the last id of the page before."""
    entries = await application.list_audit(
        tenant(request),
        before=AuditId(id_from("aud", before)) if before else None,
        object_id=object_id,
        limit=max(1, min(limit, 500)),
    )
    return [
        AuditView(
            id=format_id("aud", entry.id),
            recorded_at=entry.recorded_at,
            actor=entry.actor,
            action=entry.action,
            object_type=entry.object_type,
            object_id=entry.object_id,
            details=dict(entry.details),
        )
        for entry in entries
    ]


@get("/audit/verification", opt={"permission": Permission.AUDIT_READ})
async def verify_audit(
    request: ApiRequest, application: NamedDependency[Application]
) -> VerificationView:
    """Recompute the chain of hashes over your organisation's record."""
    found = await application.verify_audit(tenant(request))
    return VerificationView(
        intact=found.intact,
        sealed=found.sealed,
        unsealed=found.unsealed,
        broken_at=found.broken_at,
        head=found.head,
    )


router = Router("/v1", tags=["Audit"], route_handlers=[list_audit, verify_audit])
