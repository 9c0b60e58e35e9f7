"""How many units over a hard limit 16 instances get when crashes and duplicates do their worst.

The instances run in four processes, each with connections of its own, and spend what they lease as
fast as they can until nothing is left. Requests are repeated and sent twice at once; instances go
without a word and lose what they held, or come too late; processes are killed with requests on the
way, and others take their place. Every unit is written down as it is spent, before anybody is told.
The figure is what all of them spent beyond the limit. What a crash stranded is in the conditions.
"""

import asyncio
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from itertools import count
from pathlib import Path

import psycopg

from control_plane.entitlements.services.audit_leases import AuditLeases
from control_plane.kernel.ids import TenantId, format_id, new_id
from control_plane.runtime.database import Database
from control_plane.runtime.settings import Settings
from control_plane.runtime.unit_of_work import StaffWork
from control_plane.sdk.snapshot import FeatureKind
from tests.support import cluster
from tests.support.lease_storm import FEATURE, LEASE_SECONDS, PERIOD, leasing_on
from tests.support.leasing import granted, new_tenant

INSTANCES = 16
PROCESSES = 4
LIMIT = {"small": 5_000, "full": 1_000_000}
SECONDS = {"small": 6.0, "full": 120.0}


def run(size: str) -> Iterable[dict[str, object]]:
    """Yield what was spent beyond the limit: it is held to 0."""
    with tempfile.TemporaryDirectory() as folder:
        settings = cluster.create_database(Path(folder))
        try:
            yield _figure(settings, Path(folder), LIMIT[size], SECONDS[size])
        finally:
            cluster.drop_database(settings)


def _figure(settings: Settings, folder: Path, limit: int, seconds: float) -> dict[str, object]:
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        tenant_id = new_tenant(connection)
        asyncio.run(_publish(settings, tenant_id, limit))
        started = time.perf_counter()
        killed = _storm(settings, folder, tenant_id, seconds)
        elapsed = time.perf_counter() - started
        row = connection.execute(
            "SELECT spent, held, lost FROM lease_accounts WHERE tenant_id = %s AND feature = %s",
            [tenant_id, FEATURE],
        ).fetchone()
    assert row is not None
    wrong = asyncio.run(_audit(settings))
    spent = sum(int(line) for file in folder.glob("*.counts") for line in file.read_text().split())
    if not spent or wrong:
        raise RuntimeError(f"{spent} units spent, {wrong} accounts do not add up: no figure")
    return {
        "name": "overshoot_units",
        "value": max(spent - limit, 0),
        "unit": "units",
        "baseline": 0,
        "ratio": max(spent - limit, 0),
        "conditions": {
            "instances": INSTANCES,
            "processes": PROCESSES,
            "killed": killed,
            "limit": limit,
            "spent": spent,
            "reported": row[0],
            "stranded": row[1] + row[2],
            "seconds": round(elapsed, 1),
            "accounts_that_do_not_add_up": wrong,
        },
    }


async def _publish(settings: Settings, tenant_id: TenantId, limit: int) -> None:
    leasing = leasing_on(settings, tenant_id)
    grant = granted(FeatureKind.METERED, limit, per=PERIOD, lease_seconds=LEASE_SECONDS)
    await leasing.publish({FEATURE: grant})
    await leasing.work.database.close()


def _storm(settings: Settings, folder: Path, tenant_id: TenantId, seconds: float) -> int:
    """Run the processes to the end; until the time is up, kill one now and then."""
    chance, numbers, killed = random.Random(str(new_id())), count(), 0

    def start() -> "subprocess.Popen[bytes]":
        seed = next(numbers)
        words = [settings.database_url, str(settings.var_dir), format_id("ten", tenant_id)]
        words += [str(folder / f"{seed}.counts"), str(seed), str(INSTANCES // PROCESSES)]
        return subprocess.Popen([sys.executable, "-m", "tests.support.lease_storm", *words])

    running = [start() for _ in range(PROCESSES)]
    until = time.monotonic() + seconds
    while time.monotonic() < until and any(one.poll() is None for one in running):
        time.sleep(chance.uniform(1.0, 2.5))
        victim = chance.randrange(PROCESSES)
        if running[victim].poll() is None:
            running[victim].kill()
            running[victim].wait()
            running[victim] = start()
            killed += 1
    for one in running:
        assert one.wait(300) == 0
    return killed


async def _audit(settings: Settings) -> int:
    database = Database(settings)
    found = await AuditLeases(StaffWork(database))()
    await database.close()
    return len(found)
