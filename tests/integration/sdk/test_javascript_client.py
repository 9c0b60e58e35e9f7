"""The JavaScript client as a service runs it: it follows, reconnects, and never spends too much."""

import asyncio
import json
import subprocess
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from playwright._impl._driver import compute_driver_executable

from control_plane.entitlements.repository import SnapshotRepository
from control_plane.kernel.clock import SystemClock
from control_plane.kernel.ids import format_id
from control_plane.runtime.database import Database
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.sdk import conformance
from control_plane.sdk.envelope import public_keys_text
from control_plane.sdk.snapshot import FeatureGrant, FeatureKind, Snapshot, Window
from tests.support.control_stream import TENANT, ControlStandIn
from tests.support.push_bench import running_push

SOURCES = Path(conformance.__file__).parents[1] / "javascript" / "src" / "index.js"
SCRIPTS = Path(__file__).parents[2] / "support" / "javascript"
LIMIT = 200


def start(script: str, **config: str) -> "subprocess.Popen[str]":
    node = compute_driver_executable()[0]
    config["module"] = SOURCES.as_uri()
    return subprocess.Popen(
        [node, str(SCRIPTS / script), json.dumps(config)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def control():
    stand_in = ControlStandIn()
    stand_in.start()
    yield stand_in
    stand_in.stop()


def test_it_follows_over_breaks_and_silence(control):
    keys = public_keys_text(control.ring())
    follower = start(
        "follower.mjs", url=control.url, token="tys_token", tenant=TENANT, keys=keys, feature="peak"
    )

    def told(**wanted):
        for line in follower.stdout:
            found = json.loads(line)
            if wanted.items() <= found.items():
                return
        raise AssertionError("it ended")

    try:
        told(reason="unknown_feature", revision=1)
        control.publish("inbound", "peak")
        told(reason="granted", revision=2)
        control.stop()
        told(connected=False)
        control.publish("inbound")
        control.start()
        told(reason="unknown_feature", revision=3)
        control.silent = True
        told(connected=False)
        control.publish("inbound", "peak")
        control.silent = False
        told(reason="granted", revision=4)
        follower.stdin.close()
        assert follower.wait(10) == 0
    finally:
        follower.kill()


async def publish(settings, tenant_id, signer):
    now = SystemClock().now()
    window = Window(now - timedelta(days=1), None, "plan:test@1", Decimal(LIMIT))
    grant = FeatureGrant(FeatureKind.METERED, (window,), per="ever")
    snapshot = Snapshot(format_id("ten", tenant_id), 1, now, "Asia/Shanghai", {"orders": grant})
    database = Database(settings)
    async with UnitOfWork(database)(tenant_id) as session:
        await SnapshotRepository(session).add(tenant_id, snapshot, signer.sign(snapshot.to_bytes()))
    await database.close()


@pytest.mark.nightly  # a database, a web process and three clients: half a minute
def test_three_processes_spend_exactly_the_limit(cluster):
    with running_push() as push:
        asyncio.run(publish(push.settings, push.tenant_id, push.signer))
        with psycopg.connect(push.settings.database_url) as connection:
            [[instance]] = connection.execute("SELECT instance_id FROM service_tokens").fetchall()
        spenders = [
            start(
                "spender.mjs",
                url=f"http://127.0.0.1:{push.port}",
                token=push.token,
                tenant=format_id("ten", push.tenant_id),
                keys=push.signer.public_keys_text(),
                holder=f"{format_id('ins', instance)}/{n}",
                feature="orders",
            )
            for n in range(3)
        ]
        try:
            said = [json.loads(spender.communicate(timeout=60)[0]) for spender in spenders]
        finally:
            for spender in spenders:
                spender.kill()
        with psycopg.connect(push.settings.database_url) as connection:
            accounts = connection.execute("SELECT spent, held, lost FROM lease_accounts").fetchall()

    assert [one["error"] for one in said] == [None] * 3
    assert sum(one["spent"] for one in said) == LIMIT
    assert accounts == [(LIMIT, 0, 0)]
    assert {"granted", "limit_reached"} <= set.union(*(set(one["reasons"]) for one in said))
