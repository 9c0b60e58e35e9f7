"""Who is calling, and what they may do. Pure: no database, no HTTP."""

from dataclasses import dataclass, field
from enum import StrEnum

from control_plane.kernel.ids import ApiKeyId, InstanceId, TenantId, UserId, format_id
from control_plane.tenancy.domain import Role


class PrincipalKind(StrEnum):
    """How the caller proved who they are."""

    USER = "user"
    API_KEY = "api_key"
    SERVICE = "service"


class StaffRole(StrEnum):
    """What a person is to the vendor."""

    OPERATOR = "operator"
    FINANCE = "finance"


class Scope(StrEnum):
    """What an API key may be used for. The inventory scopes are read by module services."""

    READ = "read"
    WRITE = "write"
    EVENTS_WRITE = "events:write"
    INVENTORY_READ = "inventory:read"
    INVENTORY_WRITE = "inventory:write"


class Permission(StrEnum):
    """What a route asks for. Every route names exactly one."""

    CATALOG_READ = "catalog:read"
    TENANT_READ = "tenant:read"
    TENANT_MANAGE = "tenant:manage"
    MEMBERS_MANAGE = "members:manage"
    KEYS_MANAGE = "keys:manage"
    SUBSCRIPTION_READ = "subscription:read"
    SUBSCRIPTION_CHANGE = "subscription:change"
    INVOICE_READ = "invoice:read"
    INVOICE_PAY = "invoice:pay"
    USAGE_READ = "usage:read"
    USAGE_WRITE = "usage:write"
    USAGE_MANAGE = "usage:manage"
    INSTANCE_READ = "instance:read"
    INSTANCE_MANAGE = "instance:manage"
    ENTITLEMENT_READ = "entitlement:read"
    ENTITLEMENT_CONSUME = "entitlement:consume"
    WEBHOOK_READ = "webhook:read"
    WEBHOOK_MANAGE = "webhook:manage"
    AUDIT_READ = "audit:read"
    CLOCK_MANAGE = "clock:manage"
    STAFF_FINANCE = "staff:finance"
    STAFF_OPERATE = "staff:operate"
    SERVICE_SYNC = "service:sync"


_P = Permission
_READ = frozenset(p for p in Permission if p.value.endswith(":read"))
_WRITE = frozenset(
    {
        _P.SUBSCRIPTION_CHANGE,
        _P.INVOICE_PAY,
        _P.USAGE_MANAGE,
        _P.INSTANCE_MANAGE,
        _P.ENTITLEMENT_CONSUME,
        _P.KEYS_MANAGE,
        _P.CLOCK_MANAGE,
        _P.WEBHOOK_MANAGE,
    }
)
_MANAGE = _READ | _WRITE | {_P.TENANT_MANAGE, _P.MEMBERS_MANAGE}

# Owners differ from admins in one thing only: they may make and unmake owners,
# which is a matter between members and not of a route.
_BY_ROLE = {
    Role.OWNER: _MANAGE,
    Role.ADMIN: _MANAGE,
    Role.BILLING: (_READ - {_P.AUDIT_READ}) | {_P.SUBSCRIPTION_CHANGE, _P.INVOICE_PAY},
    Role.VIEWER: _READ - {_P.AUDIT_READ},
}
_BY_STAFF_ROLE = {
    StaffRole.OPERATOR: frozenset({_P.CATALOG_READ, _P.STAFF_OPERATE}),
    StaffRole.FINANCE: frozenset({_P.CATALOG_READ, _P.STAFF_FINANCE}),
}
_BY_SCOPE: dict[str, frozenset[Permission]] = {
    Scope.READ: _READ,
    Scope.WRITE: _WRITE,
    Scope.EVENTS_WRITE: frozenset({_P.USAGE_WRITE}),
}
_SERVICE = frozenset({_P.USAGE_WRITE, _P.SERVICE_SYNC, _P.ENTITLEMENT_READ, _P.ENTITLEMENT_CONSUME})


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever is behind a request. ``tenant_id`` is the one tenant it acts for, if any.

    A user's roles are those in that tenant; staff roles hold without a tenant.
    ``scopes`` are an API key's, or what a service token may ask of other services.
    """

    kind: PrincipalKind
    tenant_id: TenantId | None
    name: str
    user_id: UserId | None = None
    instance_id: InstanceId | None = None
    key_id: ApiKeyId | None = None
    roles: frozenset[Role] = frozenset()
    staff_roles: frozenset[StaffRole] = frozenset()
    scopes: frozenset[str] = frozenset()
    email: str | None = None
    language: str | None = field(default=None, compare=False)

    @property
    def actor(self) -> str:
        """How the audit names this caller, such as ``usr_…`` or ``key_…``."""
        for prefix, value in (
            ("usr", self.user_id),
            ("key", self.key_id),
            ("ins", self.instance_id),
        ):
            if value is not None:
                return format_id(prefix, value)
        return self.name


def permissions_of(principal: Principal) -> frozenset[Permission]:
    """Return everything the caller may do, in its tenant or as staff."""
    granted: set[Permission] = set()
    for staff_role in principal.staff_roles:
        granted |= _BY_STAFF_ROLE[staff_role]
    if principal.kind is PrincipalKind.USER:
        granted.add(_P.CATALOG_READ)
    if principal.tenant_id is None:
        return frozenset(granted)
    if principal.kind is PrincipalKind.SERVICE:
        return _SERVICE
    for role in principal.roles:
        granted |= _BY_ROLE[role]
    if principal.kind is PrincipalKind.API_KEY:
        for scope in principal.scopes:
            granted |= _BY_SCOPE.get(scope, frozenset())
    return frozenset(granted)


def permits(principal: Principal, permission: Permission) -> bool:
    """Tell whether the caller may do what ``permission`` names."""
    return permission in permissions_of(principal)
