"""Services connected to real web processes: told at once, and back by themselves."""

import json
import select
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
import pytest

from control_plane.entitlements.services.publish_snapshot import PublishSnapshot
from control_plane.identity.services.issue_service_token import IssueServiceToken
from control_plane.kernel.clock import SystemClock
from control_plane.kernel.ids import InstanceId, format_id, new_id
from control_plane.sdk.client import EntitlementState
from control_plane.sdk.envelope import load_public_keys
from control_plane.sdk.keyring import KeyRing
from control_plane.sdk.subscriber import Subscriber
from control_plane.tenancy.clocks import TenantClock
from tests.integration.cli.shell import shell_for
from tests.support.control_stream import until
from tests.support.ports import free_port
from tests.support.timelines import started

PATIENCE = 60
LONGEST_END = 15  # seconds; a process that has to be killed takes thirty
SUBSCRIBERS, CHILDREN, WEB_PROCESSES = 5, 3, 2


@dataclass(frozen=True)
class Connection:
    """What a service is started with."""

    url: str
    token: str
    tenant: str
    public_keys: str

    def subscribe(self) -> Subscriber:
        ring = KeyRing(load_public_keys(self.public_keys))
        state = EntitlementState(tenant=self.tenant, keys=ring, clock=SystemClock())
        one = Subscriber(state, url=self.url, token=self.token, ring=ring)
        one.start()
        return one


@pytest.fixture
async def connection(parts, work, tenant_id):
    """A service of a tenant that has bought nothing yet."""
    token = await IssueServiceToken(work, SystemClock())(
        tenant_id=tenant_id, instance_id=InstanceId(new_id()), module="inbound"
    )
    url = f"http://127.0.0.1:{free_port()}"
    keys = parts.signer.public_keys_text()
    return Connection(url, token, format_id("ten", tenant_id), keys)


@pytest.fixture
def buy(parts, work, keep, catalog, tenant_id):
    """Buy a plan, and publish by real time what that allows."""
    publish = PublishSnapshot(work, parts.signer, SystemClock(), TenantClock(SystemClock()))

    async def commit(plan: str | None) -> int:
        if plan is not None:
            await keep(started(catalog.plan(plan).id))
        return await publish(tenant_id)

    return commit


@pytest.fixture
def serving(settings, connection, tmp_path):
    """Run web processes for the length of a block."""
    port = connection.url.rpartition(":")[2]
    tallyard = shell_for(settings, TALLYARD_PORT=port)

    @contextmanager
    def run():
        arguments = ("serve", "--workers", str(WEB_PROCESSES))
        with tallyard.running(*arguments, log=tmp_path / "web.log") as server:
            yield server

    return run


@pytest.fixture
def subscribers(connection):
    following = [connection.subscribe() for _ in range(SUBSCRIBERS)]
    yield following
    for one in following:
        one.stop()


@contextmanager
def prefork(connection: Connection):
    """A pre-forking server; asks one of its children at a time."""
    settings = (connection.url, connection.token, connection.tenant, connection.public_keys)
    command = [sys.executable, "-m", "tests.support.prefork", *settings, str(CHILDREN)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert select.select([server.stdout], [], [], PATIENCE)[0]
        port = server.stdout.readline().strip()

        def ask(feature: str) -> dict:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/{feature}", timeout=10) as answer:
                return json.loads(answer.read())

        yield ask
    finally:
        server.terminate()
        server.wait(20)


def every_child(ask: Callable[[str], dict], feature: str, wanted: dict) -> bool:
    """Whether each child was asked, and all answered so."""
    found = {}
    for _ in range(20 * CHILDREN):
        answer = ask(feature)
        found[answer["pid"]] = answer
        if len(found) == CHILDREN:
            break
    return len(found) == CHILDREN and all(wanted.items() <= one.items() for one in found.values())


def may(feature: str, following) -> bool:
    return all(one.state.check(feature).allowed for one in following)


@pytest.mark.nightly
async def test_they_are_told_at_once_and_come_back_by_themselves_after_web_was_killed(
    connection, serving, subscribers, buy, settings
):
    await buy(None)
    with serving() as first:
        until(lambda: all(one.connected for one in subscribers), PATIENCE)
        with prefork(connection) as ask:
            until(lambda: every_child(ask, "inbound", {"connected": True}), PATIENCE)
            assert len(listeners(settings)) == WEB_PROCESSES

            committed = time.monotonic()
            await buy("receiving")
            until(lambda: may("inbound", subscribers))
            told = time.monotonic() - committed
            until(lambda: every_child(ask, "inbound", {"allowed": True, "alive": True}))

            first.send_signal(signal.SIGKILL)
            first.wait(20)
            until(lambda: not any(one.connected for one in subscribers), PATIENCE)
            await buy("growth")  # while nobody serves
            assert may("inbound", subscribers)
            assert not may("outbound", subscribers)
            assert all(one.alive() for one in subscribers)

            with serving() as second:
                until(lambda: may("outbound", subscribers), PATIENCE)
                until(lambda: all(one.connected for one in subscribers), PATIENCE)
                until(lambda: every_child(ask, "outbound", {"allowed": True, "connected": True}))
                asked = time.monotonic()
                second.terminate()  # with every stream open
                assert second.wait(PATIENCE) == 0
                ended = time.monotonic() - asked
    assert told < 2
    assert ended < LONGEST_END


def listeners(settings) -> list:
    with psycopg.connect(settings.database_url) as admin:
        return admin.execute(
            "SELECT pid FROM pg_stat_activity "
            "WHERE application_name = 'listener:tallyard_entitlements' "
            "AND datname = current_database()"
        ).fetchall()
