"""Leases of units, for services that spend them by themselves."""

from typing import Any, Final

import msgspec
from litestar import Router, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from control_plane.entitlements.errors_leases import LeaseHolderForeign, LeaseRequestInvalid
from control_plane.identity.domain import Permission
from control_plane.sdk.lease_messages import parse_lease_request
from control_plane.sdk.reading import SnapshotInvalid
from web.api.common import ApiRequest, principal, tenant
from web.compose import Application

SYNC: Final = {"permission": Permission.SERVICE_SYNC, "idempotent": False}
"""A request for leases has an identity of its own, and is done once by it."""


class LeaseOperationBody(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """One of acquire (feature, period, units), renew (lease, fence, spent, units), close, recover.

    ``units`` of a renewal is the total wanted, what is spent included; ``need`` new units are
    wanted at least, or none.
    """

    op: str
    feature: str | None = None
    period: str | None = None
    lease: str | None = None
    fence: int | None = None
    spent: int | None = None
    units: int | None = None
    need: int | None = None


class LeasesBody(msgspec.Struct, forbid_unknown_fields=True):
    """Up to 100 operations of one process, done once in their order.

    ``holder`` is the calling instance, or a part of it after a slash.
    """

    request_id: str
    holder: str
    epoch: int
    operations: list[LeaseOperationBody]


class LeasesAnswer(msgspec.Struct):
    """A signed envelope: tenant, holder, request id, and a result per operation."""

    leases: dict[str, Any]


@post("/v1/service/leases", status_code=200, opt=SYNC, tags=["Services"])
async def use_leases(
    request: ApiRequest, data: JSONBody[LeasesBody], application: NamedDependency[Application]
) -> LeasesAnswer:
    """Take, renew and give back leases of units: whole numbers that nobody else can spend.

    A repeated request is answered as it was. What all leases hold together never exceeds a hard
    limit, whoever crashes or repeats whatever.
    """
    try:
        wanted = parse_lease_request(msgspec.to_builtins(data))
    except SnapshotInvalid as error:
        path, reason = error.fields["path"], error.fields["reason"]
        raise LeaseRequestInvalid(path=path, reason=reason, field=str(path)) from error
    own = principal(request).actor
    if wanted.holder.split("/", 1)[0] != own:
        raise LeaseHolderForeign(holder=wanted.holder, field="holder")
    envelope = await application.use_leases(tenant(request), wanted)
    return LeasesAnswer(envelope.to_json())


router = Router("/", route_handlers=[use_leases])
