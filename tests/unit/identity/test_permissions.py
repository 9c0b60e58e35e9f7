"""Who may do what."""

import itertools

import pytest

from control_plane.identity.domain import (
    Permission,
    Principal,
    PrincipalKind,
    Scope,
    StaffRole,
    permissions_of,
    permits,
)
from control_plane.kernel.ids import ApiKeyId, InstanceId, TenantId, UserId, new_id
from control_plane.tenancy.domain import Role

TENANT = TenantId(new_id())
STAFF = {Permission.STAFF_FINANCE, Permission.STAFF_OPERATE}


def member(*roles: Role, tenant: TenantId | None = TENANT) -> Principal:
    return Principal(
        kind=PrincipalKind.USER,
        tenant_id=tenant,
        name="Bella",
        user_id=UserId(new_id()),
        roles=frozenset(roles),
    )


def key(*scopes: str) -> Principal:
    return Principal(
        kind=PrincipalKind.API_KEY,
        tenant_id=TENANT,
        name="till",
        key_id=ApiKeyId(new_id()),
        scopes=frozenset(scopes),
    )


def employee(*roles: StaffRole) -> Principal:
    return Principal(
        kind=PrincipalKind.USER,
        tenant_id=None,
        name="Finn",
        user_id=UserId(new_id()),
        staff_roles=frozenset(roles),
    )


def test_an_owner_may_do_everything_a_customer_can():
    beyond = set(Permission) - permissions_of(member(Role.OWNER))

    assert beyond == {*STAFF, Permission.USAGE_WRITE, Permission.SERVICE_SYNC}


@pytest.mark.parametrize(
    "permission",
    [
        Permission.TENANT_MANAGE,
        Permission.MEMBERS_MANAGE,
        Permission.KEYS_MANAGE,
        Permission.SUBSCRIPTION_CHANGE,
        Permission.INVOICE_PAY,
        Permission.CLOCK_MANAGE,
        Permission.USAGE_MANAGE,
        Permission.INSTANCE_MANAGE,
        Permission.ENTITLEMENT_CONSUME,
        Permission.AUDIT_READ,
    ],
)
def test_a_viewer_changes_nothing_and_audits_nobody(permission):
    assert not permits(member(Role.VIEWER), permission)


def test_billing_buys_and_pays_but_manages_nobody():
    billing = member(Role.BILLING)

    assert permits(billing, Permission.SUBSCRIPTION_CHANGE)
    assert permits(billing, Permission.INVOICE_PAY)
    assert not permits(billing, Permission.MEMBERS_MANAGE)
    assert not permits(billing, Permission.KEYS_MANAGE)


@pytest.mark.parametrize("role", list(Role))
def test_no_customer_is_staff(role):
    assert not permissions_of(member(role)) & STAFF


@pytest.mark.parametrize("role", list(Role))
def test_a_role_without_its_tenant_grants_the_catalogue_only(role):
    assert permissions_of(member(role, tenant=None)) == {Permission.CATALOG_READ}


def test_staff_do_their_own_work_only():
    assert permissions_of(employee(StaffRole.FINANCE)) == {
        Permission.CATALOG_READ,
        Permission.STAFF_FINANCE,
    }
    assert permissions_of(employee(StaffRole.OPERATOR)) == {
        Permission.CATALOG_READ,
        Permission.STAFF_OPERATE,
    }


def test_a_reading_key_reads_and_never_writes():
    granted = permissions_of(key(Scope.READ))

    assert granted == {p for p in Permission if p.value.endswith(":read")}


def test_inventory_scopes_open_nothing_here():
    assert permissions_of(key(Scope.INVENTORY_READ, Scope.INVENTORY_WRITE)) == frozenset()


def test_only_events_write_reports_usage():
    assert permits(key(Scope.EVENTS_WRITE), Permission.USAGE_WRITE)
    assert not permits(key(Scope.READ, Scope.WRITE), Permission.USAGE_WRITE)


def test_no_combination_of_scopes_manages_members_or_is_staff():
    forbidden = {*STAFF, Permission.MEMBERS_MANAGE, Permission.TENANT_MANAGE}

    for size in range(len(Scope) + 1):
        for scopes in itertools.combinations(Scope, size):
            assert not permissions_of(key(*scopes)) & forbidden


def test_a_service_reports_usage_and_asks_for_entitlements_and_nothing_else():
    service = Principal(
        kind=PrincipalKind.SERVICE,
        tenant_id=TENANT,
        name="outbound",
        instance_id=InstanceId(new_id()),
        scopes=frozenset({"ledger:post", "read"}),
    )

    assert permissions_of(service) == {
        Permission.USAGE_WRITE,
        Permission.SERVICE_SYNC,
        Permission.ENTITLEMENT_READ,
        Permission.ENTITLEMENT_CONSUME,
    }


def test_the_actor_names_the_credential():
    assert member(Role.OWNER).actor.startswith("usr_")
    assert key(Scope.READ).actor.startswith("key_")
