"""The real module services, as processes and in containers, from purchase to departure."""

import asyncio
import sqlite3
import zipfile
from contextlib import asynccontextmanager, closing
from dataclasses import replace

import httpx
import pytest
import uvicorn

from control_plane.identity.domain import Principal, PrincipalKind
from provisioner.compose import provisioner_of
from provisioner.runtimes.docker import DockerRuntime
from provisioner.runtimes.process import ProcessRuntime
from tests.support.ports import free_port
from tests.support.provisioning import Shop
from web.asgi import create_app
from web.compose import compose

LINES = [{"sku": "MARGHERITA", "quantity": "12"}]


class _Server(uvicorn.Server):
    @asynccontextmanager
    async def running(self):
        task = asyncio.create_task(self._serve())
        while not self.started:
            await asyncio.sleep(0.02)
        yield
        self.should_exit = True
        await task


@pytest.fixture
async def application(settings, docker_host):
    """The control plane over HTTP, in real time: commands and heartbeats are of this minute."""
    port = free_port()
    here = replace(
        settings, service_url=f"http://127.0.0.1:{port}", port=port, allow_process_for_live=True
    )
    made = compose(here)
    config = uvicorn.Config(
        create_app(made), host=docker_host, port=port, log_level="warning", lifespan="off"
    )
    async with _Server(config).running():
        yield made
    await made.close()


@pytest.fixture(params=["process", pytest.param("docker", marks=pytest.mark.docker)])
def kind(request) -> str:
    return request.param


@pytest.fixture
def docker_host(kind) -> str:
    """Containers come in through their bridge's gateway."""
    return "127.0.0.1" if kind == "process" else "0.0.0.0"


@pytest.fixture
async def provisioner(kind, application, tmp_path, request):
    clock = application.clock
    if kind == "process":
        runtime = ProcessRuntime(tmp_path / "instances", clock)
    else:
        daemon = request.getfixturevalue("docker_daemon")
        runtime = DockerRuntime(daemon.image, clock, url=daemon.url)
    made = provisioner_of(
        application.settings,
        runtime=runtime,
        work=application.work,
        system=application.system,
        staff=application.staff,
        clock=clock,
        tenant_clock=application.tenant_clock,
        signer=application.signer,
    )
    yield made
    for spec in await _left(made, application):
        await runtime.remove(spec)
    await made.close()


async def _left(provisioner, application):
    views = await provisioner.list_all_instances()
    from provisioner.ports import InstanceRef

    return [InstanceRef(each.tenant_id, each.instance_id) for each in views]


async def settled(application, provisioner, tenant_id) -> None:
    """Do what the worker does, until nobody is busy."""
    async with asyncio.timeout(90):
        while True:
            revision = await application.publish_snapshot(tenant_id)
            busy = await provisioner.participant.settle(tenant_id)
            if not busy and revision == await application.publish_snapshot(tenant_id):
                return


async def test_a_tenant_buys_works_and_leaves_with_its_data_exported(
    application, provisioner, tenant_id, admin
):
    shop = Shop(application.database, application.work, application.clock)
    await shop.open()
    bought = await shop.buy(tenant_id)
    owner = Principal(PrincipalKind.API_KEY, tenant_id, "test", scopes=frozenset(["write"]))
    owner = replace(owner, scopes=frozenset(["inventory:read", "inventory:write"]))
    _, secret = await application.create_api_key(
        tenant_id=tenant_id, name="till", scopes=["inventory:write"], by=owner
    )
    await settled(application, provisioner, tenant_id)
    views = await provisioner.list_instances(tenant_id)
    url = {each.module: each.base_url for each in views}
    assert {each.state for each in views} == {"ready"}

    async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
        headers = {"Authorization": f"Bearer {secret}"}
        received = await client.post(
            f"{url['inbound']}/v1/receipts",
            json={"reference": "PO-1", "lines": LINES},
            headers={**headers, "Idempotency-Key": "po-1"},
        )
        shipped = await client.post(
            f"{url['outbound']}/v1/shipments",
            json={"reference": "SO-1", "lines": LINES},
            headers={**headers, "Idempotency-Key": "so-1"},
        )
    assert (received.status_code, shipped.status_code) == (201, 201), received.text + shipped.text

    await settled(application, provisioner, tenant_id)
    counting = "SELECT type FROM usage_events WHERE tenant_id = %s ORDER BY type"
    usage = [kind for (kind,) in admin.execute(counting, [tenant_id])]
    await shop.cancel(tenant_id, bought)
    await settled(application, provisioner, tenant_id)

    gone = await provisioner.list_instances(tenant_id)
    assert {each.state for each in gone} == {"removed"}
    assert usage[-1:] == ["tallyard.outbound.shipment_posted"]
    assert (await provisioner.runtime.observe(tenant_id)).instances == {}
    exports = application.settings.var_dir / "exports"
    assert movements_in(exports, admin) == 2


def movements_in(exports, admin) -> int:
    """Count the ledger's movements in its export."""
    finding = "SELECT export_file FROM instances WHERE module = 'ledger'"
    (name,) = admin.execute(finding).fetchone()
    with zipfile.ZipFile(exports / name) as bundle:
        bundle.extract("data.sqlite3", exports)
    with closing(sqlite3.connect(exports / "data.sqlite3")) as copy:
        tables = {row[0] for row in copy.execute("SELECT name FROM sqlite_schema")}
        assert "movements" in tables
        return copy.execute("SELECT count(*) FROM movements").fetchone()[0]
