"""What a tenant may do now, and the snapshot its services carry."""

from datetime import datetime
from typing import Any

import msgspec
from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from control_plane.identity.domain import Permission
from control_plane.kernel.exact import quantity_text
from web.api.catalog import Name
from web.api.common import ApiRequest, tenant
from web.compose import Application


class WindowView(msgspec.Struct):
    """When a feature is granted, how much of it, and by what."""

    start: datetime
    end: datetime | None
    value: str | None
    source: str


class EntitlementView(msgspec.Struct):
    """One feature: whether it is granted now, up to what, and every window known ahead."""

    feature: str
    name: Name
    kind: str
    granted: bool
    limit: str | None
    valid_until: datetime | None
    windows: list[WindowView]


class EntitlementsView(msgspec.Struct):
    """Every feature, at the tenant's present instant."""

    at: datetime
    revision: int
    items: list[EntitlementView]


class SnapshotAnswer(msgspec.Struct):
    """The newest snapshot if it is newer than the one held, and a heartbeat always."""

    snapshot: dict[str, Any] | None
    heartbeat: dict[str, Any]


@get("/v1/entitlements", opt={"permission": Permission.ENTITLEMENT_READ}, tags=["Entitlements"])
async def list_entitlements(
    request: ApiRequest, application: NamedDependency[Application]
) -> EntitlementsView:
    """List what your organisation may do now and in the windows already booked."""
    found = await application.list_entitlements(tenant(request))
    return EntitlementsView(
        at=found.at,
        revision=found.revision,
        items=[
            EntitlementView(
                feature=item.feature.code,
                name=Name(en=item.feature.name.en, zh=item.feature.name.zh),
                kind=item.feature.kind.value,
                granted=item.granted,
                limit=None if item.limit is None else quantity_text(item.limit),
                valid_until=item.valid_until,
                windows=[
                    WindowView(
                        start=window.start,
                        end=window.end,
                        value=None if window.value is None else quantity_text(window.value),
                        source=window.source,
                    )
                    for window in item.windows
                ],
            )
            for item in found.items
        ],
    )


@get("/v1/service/snapshot", opt={"permission": Permission.SERVICE_SYNC}, tags=["Services"])
async def read_snapshot(
    request: ApiRequest,
    application: NamedDependency[Application],
    have: FromQuery[int] = 0,
) -> SnapshotAnswer:
    """Read the signed snapshot of the calling service's tenant."""
    snapshot, heartbeat = await application.read_snapshot(tenant(request), have)
    return SnapshotAnswer(
        snapshot=None if snapshot is None else snapshot.to_json(), heartbeat=heartbeat.to_json()
    )


router = Router("/", route_handlers=[list_entitlements, read_snapshot])
