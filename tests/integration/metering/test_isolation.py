import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from control_plane.runtime.roles import Role, plain_dsn, role_url
from tests.support.usage import CALLS, JANUARY, usage_event

TABLES = ["usage_identities", "usage_events"]


@pytest.fixture
async def stored(store, tenant_id, other_tenant_id):
    await store.ingest(tenant_id, [usage_event("mine")])
    await store.ingest(other_tenant_id, [usage_event("theirs")])


async def test_a_tenant_sees_its_own_events_only(stored, work, tenant_id):
    async with work(tenant_id) as session:
        for table in TABLES:
            assert list(await session.scalars(text(f"SELECT id FROM {table}"))) == ["mine"]


@pytest.mark.parametrize("table", TABLES)
def test_without_a_tenant_nothing_is_seen(stored, settings, table):
    with psycopg.connect(plain_dsn(role_url(settings, Role.TENANT))) as connection:
        assert connection.execute(f"SELECT * FROM {table}").fetchall() == []


@pytest.mark.parametrize("role", [Role.TENANT, Role.SYSTEM, Role.STAFF, Role.AUTH])
def test_partitions_are_granted_to_nobody(stored, settings, role):
    with (
        psycopg.connect(plain_dsn(role_url(settings, role))) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("SELECT * FROM usage_identities_0")


async def test_another_tenants_total_is_zero(stored, store, tenant_id, other_tenant_id):
    cutoff = await store.cutoff()

    for tenant in (tenant_id, other_tenant_id):
        total = await store.total(tenant, CALLS, JANUARY, cutoff=cutoff, since=None)
        assert total.events == 1


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("change", ["UPDATE {} SET hash = ''", "DELETE FROM {}"])
async def test_what_was_stored_cannot_be_changed(stored, work, admin, tenant_id, table, change):
    with pytest.raises(ProgrammingError):
        async with work(tenant_id) as session:
            await session.execute(text(change.format(table)))

    with pytest.raises(psycopg.errors.RestrictViolation):
        admin.execute(change.format(table))
