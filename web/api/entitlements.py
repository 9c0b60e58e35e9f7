"""What a tenant may do now."""

from datetime import datetime
from decimal import Decimal

import msgspec
from litestar import Router, get
from litestar.di import NamedDependency

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
                limit=_value(item.limit),
                valid_until=item.valid_until,
                windows=[
                    WindowView(
                        start=window.start,
                        end=window.end,
                        value=_value(window.value),
                        source=window.source,
                    )
                    for window in item.windows
                ],
            )
            for item in found.items
        ],
    )


def _value(value: Decimal | str | None) -> str | None:
    return quantity_text(value) if isinstance(value, Decimal) else value


router = Router("/", route_handlers=[list_entitlements])
