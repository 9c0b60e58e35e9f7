"""The record of who did what: whole, append-only, and chained."""

import asyncio
from dataclasses import replace

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from control_plane.audit.domain import seal_hash
from control_plane.audit.jobs import SealAudit
from control_plane.audit.record import record
from control_plane.audit.repository import AuditRepository
from control_plane.audit.services.list_audit import ListAudit
from control_plane.audit.services.verify_audit import VerifyAudit
from control_plane.kernel.canonical import NotCanonical


async def write(work, tenant_id, *numbers):
    async with work(tenant_id) as session:
        for number in numbers:
            await record(
                session,
                tenant_id,
                "usr_1",
                "thing.changed",
                "thing",
                f"thing_{number}",
                {"number": number, "名": "李雷"},
            )


async def test_an_entry_commits_with_its_deed_or_not_at_all(work, tenant_id):
    with pytest.raises(RuntimeError):
        async with work(tenant_id) as session:
            await record(session, tenant_id, "usr_1", "thing.changed", "thing", "1", {})
            raise RuntimeError

    assert await ListAudit(work)(tenant_id) == ()


async def test_the_record_reads_newest_first_in_pages(work, tenant_id):
    await write(work, tenant_id, 1, 2, 3)
    listing = ListAudit(work)

    first = await listing(tenant_id, limit=2)
    rest = await listing(tenant_id, before=first[-1].id)
    one = await listing(tenant_id, object_id="thing_2")

    assert [e.object_id for e in first + rest] == ["thing_3", "thing_2", "thing_1"]
    assert [e.details for e in one] == [{"number": 2, "名": "李雷"}]


async def test_another_tenant_reads_none_of_it(work, tenant_id, other_tenant_id):
    await write(work, tenant_id, 1)

    assert await ListAudit(work)(other_tenant_id) == ()


async def test_a_float_is_no_detail(work, tenant_id):
    with pytest.raises(NotCanonical):
        async with work(tenant_id) as session:
            await record(session, tenant_id, "usr_1", "a.b", "thing", "1", {"amount": 1.5})


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_entries SET actor = 'x'", "DELETE FROM audit_entries"]
)
async def test_no_request_rewrites_the_record(work, tenant_id, statement):
    await write(work, tenant_id, 1)

    with pytest.raises(DBAPIError):
        async with work(tenant_id) as session:
            await session.execute(text(statement))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entries SET actor = 'x'",
        "DELETE FROM audit_entries",
        "TRUNCATE audit_entries CASCADE",
        "UPDATE audit_seals SET hash = hash",
    ],
)
async def test_even_the_owner_is_refused(work, system, tenant_id, admin, statement):
    await write(work, tenant_id, 1)
    await SealAudit(system).run()

    with pytest.raises(psycopg.errors.RestrictViolation):
        admin.execute(statement)


async def test_a_tenant_can_neither_seal_nor_keep_from_being_sealed(work, tenant_id):
    await write(work, tenant_id, 1)

    for statement in (
        "DELETE FROM audit_unsealed",
        "INSERT INTO audit_seals SELECT tenant_id, 1, id, '', repeat('0', 64) FROM audit_entries",
    ):
        with pytest.raises(DBAPIError, match="permission denied"):
            async with work(tenant_id) as session:
                await session.execute(text(statement))


async def test_sealing_chains_everything_once(work, system, tenant_id, other_tenant_id):
    job, verify = SealAudit(system), VerifyAudit(work)
    await write(work, tenant_id, 1, 2, 3)
    await write(work, other_tenant_id, 1)
    before = await verify(tenant_id)

    assert await job.run() == 4
    assert await job.run() == 0
    await write(work, tenant_id, 4)
    assert await job.run() == 1

    after = await verify(tenant_id)
    assert (before.sealed, before.unsealed, before.intact) == (0, 3, True)
    assert (after.sealed, after.unsealed, after.intact) == (4, 0, True)
    assert (await verify(other_tenant_id)).sealed == 1


async def test_two_sealing_workers_grow_one_chain(work, system, tenant_id):
    await write(work, tenant_id, *range(30))
    job = SealAudit(system)

    sealed = await asyncio.gather(*(job.run() for _ in range(4)))

    assert sum(sealed) == 30
    assert (await VerifyAudit(work)(tenant_id)).sealed == 30


@pytest.mark.parametrize(
    "forgery",
    [
        "UPDATE audit_entries SET actor = 'usr_2' WHERE object_id = 'thing_2'",
        "UPDATE audit_entries SET details = '{}' WHERE object_id = 'thing_2'",
        "UPDATE audit_entries SET recorded_at = '2020-01-01Z' WHERE object_id = 'thing_2'",
        "DELETE FROM audit_entries WHERE object_id = 'thing_2'",
        "UPDATE audit_seals SET hash = repeat('0', 64) WHERE seq = 2",
        "DELETE FROM audit_seals WHERE seq = 2",
    ],
)
async def test_whoever_goes_around_the_triggers_is_found_out(
    work, system, tenant_id, admin, forgery
):
    await write(work, tenant_id, 1, 2, 3)
    await SealAudit(system).run()

    admin.execute("SET session_replication_role = replica")  # a superuser's way around
    admin.execute(forgery)

    found = await VerifyAudit(work)(tenant_id)
    assert not found.intact
    assert found.broken_at in {2, 3}


async def test_a_forger_who_seals_anew_must_reseal_everything_after(work, system, tenant_id, admin):
    await write(work, tenant_id, 1, 2, 3)
    await SealAudit(system).run()
    async with work(tenant_id) as session:
        first, second, _ = await AuditRepository(session).seals(tenant_id, after=0, most=3)
    forged = seal_hash(tenant_id, 2, first.hash, replace(second.entry, actor="usr_2"))

    admin.execute("SET session_replication_role = replica")
    admin.execute("UPDATE audit_entries SET actor = 'usr_2' WHERE object_id = 'thing_2'")
    admin.execute("UPDATE audit_seals SET hash = %s WHERE seq = 2", [forged])
    admin.execute("UPDATE audit_seals SET previous_hash = %s WHERE seq = 3", [forged])

    assert (await VerifyAudit(work)(tenant_id)).broken_at == 3
