"""Whose data a request touches: resolved once, at the edge."""

from litestar.types import Scope

from control_plane.identity.domain import Principal
from control_plane.kernel.ids import InvalidId, TenantId, parse_id


def principal_of(scope: Scope) -> Principal | None:
    """Give who is behind the request, when a credential proved it."""
    found: Principal | None = scope.get("state", {}).get("principal")
    return found


def tenant_of_write(scope: Scope) -> TenantId | None:
    """Give the tenant whose transaction a write runs in.

    That is the caller's own; a route for staff names it in its path, and says
    so with ``opt={"staff": True}``.
    """
    principal = principal_of(scope)
    if principal is None:
        return None
    if scope["route_handler"].opt.get("staff"):
        return _named_in_path(scope) if principal.staff_roles else None
    return principal.tenant_id


def _named_in_path(scope: Scope) -> TenantId | None:
    try:
        return TenantId(parse_id("ten", str(scope.get("path_params", {}).get("tenant_id", ""))))
    except InvalidId:
        return None  # names nobody: the use case will say so
