"""One guard for every route: each names the one permission it needs."""

from typing import Any

import structlog
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.types import Scope

from control_plane.identity.domain import Permission, Principal, permits
from web.edge.context import FAILED
from web.edge.errors import NotPermitted, NotSignedIn
from web.edge.tenant import principal_of

STAFF = frozenset({Permission.STAFF_FINANCE, Permission.STAFF_OPERATE})

log = structlog.get_logger()


async def require_permission(
    connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
) -> None:
    """Let the caller pass, or refuse.

    A route declares ``opt={"permission": Permission.X}`` or ``opt={"public": True}``;
    one that declares neither lets nobody pass. Where staff pass, the log keeps who, and what
    they asked for. It waits for nothing; but one that is no coroutine would be run in a thread.

    Raises:
        NotSignedIn: no valid credential came with the request.
        NotPermitted: the caller's roles or scopes do not include the permission.
        Exception: what the request failed with already.
    """
    _tell_failure(connection.scope)
    if handler.opt.get("public"):
        return
    principal = principal_of(connection.scope)
    if principal is None:
        raise NotSignedIn
    permission: Permission | None = handler.opt.get("permission")
    if permission is None or not permits(principal, permission):
        raise NotPermitted(permission=str(permission))
    if permission in STAFF:
        _note_staff(connection, principal)


def _tell_failure(scope: Scope) -> None:
    failed: Exception | None = scope["state"].pop(FAILED, None)
    if failed is None:
        return
    try:
        raise failed
    finally:
        del failed  # it would hold this frame, and the frame it: for as long as nobody collects


def _note_staff(connection: ASGIConnection[Any, Any, Any, Any], principal: Principal) -> None:
    log.info(
        "staff_access",
        actor=principal.actor,
        method=connection.scope.get("method"),
        path=connection.url.path,
        query=connection.url.query,
    )
