"""Row-level security of the tables of tenancy and identity."""

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import AuthWork, UnitOfWork

GLOBAL = ("users", "user_identities", "sessions", "oidc_logins")


async def test_a_tenant_sees_its_own_organisation_only(
    work: UnitOfWork, tenant_id: TenantId, other_tenant_id: TenantId
) -> None:
    async with work(tenant_id) as session:
        seen = (await session.scalars(text("SELECT id FROM organisations"))).all()

    assert seen == [tenant_id]


@pytest.mark.parametrize("table", [*GLOBAL, "members", "api_keys", "service_tokens"])
async def test_the_auth_role_reads_no_table(auth: AuthWork, table: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with auth() as session:
            await session.execute(text(f"SELECT * FROM {table}"))


@pytest.mark.parametrize("column", ["password_hash", "staff_roles"])
async def test_a_tenant_reads_no_persons_secret(
    work: UnitOfWork, tenant_id: TenantId, column: str
) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with work(tenant_id) as session:
            await session.execute(text(f"SELECT {column} FROM users"))


@pytest.mark.parametrize("name", ["tenant", "system", "staff", "auth"])
def test_functions_that_look_across_tenants_belong_to_one_role(
    admin: psycopg.Connection, name: str
) -> None:
    rows = admin.execute(
        "SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace "
        "AND has_function_privilege(%s, oid, 'EXECUTE')",
        [f"tallyard_{name}"],
    ).fetchall()

    mine = {
        "auth": ("auth_",),
        "tenant": ("create_user",),
        "system": ("create_user", "usage_", "newest_entitlement_revisions"),
    }
    assert all(row[0].startswith(mine.get(name, ("none",))) for row in rows)
