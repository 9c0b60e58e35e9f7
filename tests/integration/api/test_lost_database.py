"""A database that stops, or has no room left, loses nothing that was acknowledged."""

import asyncio
import json
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import psycopg
import pytest

from control_plane.runtime.migrate import migrate
from control_plane.runtime.postgres import ROOT_HOME, SYSTEM_USER, EmbeddedPostgres
from control_plane.runtime.settings import Settings
from tests.support.api import open_site
from tests.support.cluster import FAST
from tests.support.usage import body_of

STORED = "SELECT id FROM usage_events"
TABLES = (
    "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'usage_events'::regclass"
)


async def sent(company, body):
    answer = await company.client.post("/v1/events", content=body)
    if answer.status_code != 200:
        assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
        assert answer.headers["retry-after"] == "1"
        return None
    return [result["status"] for result in answer.json()["results"]]


async def sent_again(company, body):
    for _ in range(100):
        if statuses := await sent(company, body):
            return statuses
        await asyncio.sleep(0.05)
    raise TimeoutError


def ids(body):
    return {event["id"] for event in json.loads(body)}


@pytest.fixture
def own_server():
    home = Path(tempfile.mkdtemp(prefix="lost-", dir=ROOT_HOME if os.geteuid() == 0 else None))
    home.chmod(0o755)
    server = EmbeddedPostgres(home, settings={**FAST, "fsync": "on", "shared_buffers": "16MB"})
    server.start()
    yield server
    server.stop()
    shutil.rmtree(home)


@pytest.mark.slow
async def test_a_database_that_is_killed_has_what_it_acknowledged_when_it_is_back(
    own_server, clock, tmp_path
):
    settings = Settings(
        database_url=own_server.url,
        secret_key="only-for-tests",
        var_dir=tmp_path,
        signing_key_path=tmp_path / "signing_key.pem",
    )
    migrate(settings)
    bodies = [body_of(n) for n in (1, 150, 1, 1, 120) * 8]
    async with open_site(settings, clock) as site:
        company = await site.company(sandbox=True)
        sending = [asyncio.create_task(sent(company, body)) for body in bodies]
        await asyncio.wait(sending, return_when=asyncio.FIRST_COMPLETED)
        own_server._process.send_signal(signal.SIGQUIT)  # no checkpoint, no last words
        own_server._process.wait()
        first = await asyncio.gather(*sending)
        assert await sent(company, bodies[0]) is None
        own_server.start()
        again = [await sent_again(company, body) for body in bodies]

    assert None in first
    for before, after in zip(first, again, strict=True):
        if before is not None:
            assert set(before) == {"accepted"}
            assert set(after) == {"duplicate"}
    with psycopg.connect(settings.database_url) as superuser:
        stored = [row[0] for row in superuser.execute(STORED)]
    assert len(stored) == len(set(stored))
    assert set(stored) == set().union(*map(ids, bodies))


@pytest.fixture
def small_disk():
    """A file system of 1 MB: only root may make one."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to mount a small file system")
    folder = Path(tempfile.mkdtemp(prefix="small-", dir=ROOT_HOME))
    owner = pwd.getpwnam(SYSTEM_USER)
    options = f"size=1m,mode=0700,uid={owner.pw_uid},gid={owner.pw_gid}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["umount", folder], check=True)
    folder.rmdir()


async def test_a_full_disk_refuses_what_it_cannot_store_and_keeps_the_rest(
    settings, clock, admin, small_disk
):
    tables = [row[0] for row in admin.execute(TABLES)]
    admin.execute(f"CREATE TABLESPACE small LOCATION '{small_disk}'")
    for table in tables:
        admin.execute(f"ALTER TABLE {table} SET TABLESPACE small")
    bodies = [body_of(n) for n in (400, 1) * 10]
    try:
        async with open_site(settings, clock) as site:
            company = await site.company(sandbox=True)
            first = [await sent(company, body) for body in bodies]
            subprocess.run(["mount", "-o", "remount,size=64m", small_disk], check=True)
            again = [await sent_again(company, body) for body in bodies]
    finally:
        for table in tables:
            admin.execute(f"ALTER TABLE {table} SET TABLESPACE pg_default")
        admin.execute("DROP TABLESPACE small")

    assert first[0] is not None
    assert None in first
    for before, after in zip(first, again, strict=True):
        assert set(after) == ({"accepted"} if before is None else {"duplicate"})
    stored = [row[0] for row in admin.execute(STORED)]
    assert len(stored) == len(set(stored))
    assert set(stored) == set().union(*map(ids, bodies))
