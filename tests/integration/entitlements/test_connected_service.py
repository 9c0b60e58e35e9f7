"""The SDK's whole ``Service``, as others use it, against a real web process."""

import asyncio
import socket
from pathlib import Path

import pytest

from control_plane.identity.services.issue_service_token import IssueServiceToken
from control_plane.kernel.clock import SystemClock
from control_plane.kernel.ids import InstanceId, format_id, new_id
from control_plane.sdk.admission import EntitlementUnconfirmed, Need, UnitsExhausted
from control_plane.sdk.service import Service
from control_plane.sdk.snapshot import Standing
from tests.integration.cli.shell import shell_for
from tests.support.control_stream import until
from tests.support.leasing import Leasing, quotas
from tests.support.ports import free_port

LIMIT, PATIENCE = 200, 60
EXPORT = Need("exports", event="tallyard.export")


@pytest.fixture
async def leasing(parts, work, tenant_id):
    leasing = Leasing(work, SystemClock(), parts.signer, tenant_id)
    await leasing.publish(quotas(LIMIT))
    return leasing


@pytest.fixture
async def control(settings, leasing, tmp_path):
    port = free_port()
    tallyard = shell_for(settings, TALLYARD_PORT=str(port))
    with tallyard.running("serve", log=tmp_path / "web.log"):
        await asyncio.to_thread(until, lambda: listens(port), PATIENCE)
        yield f"http://127.0.0.1:{port}"


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def make_service(control, leasing, work, tenant_id, tmp_path):
    """Make an instance of the tenant's, as a service elsewhere would be set up."""

    async def make(name: str) -> Service:
        instance = InstanceId(new_id())
        token = await IssueServiceToken(work, SystemClock())(
            tenant_id=tenant_id, instance_id=instance, module="outbound"
        )
        return Service(
            url=control,
            token=token,
            tenant=format_id("ten", tenant_id),
            instance=format_id("ins", instance),
            module="outbound",
            public_keys=leasing.signer.public_keys_text(),
            folder=Path(tmp_path / name),
            alone=True,
        )

    return make


async def export_all(service: Service) -> int:
    """Export for as long as there is anything left, every seventh export failing."""
    done = attempts = 0
    while True:
        attempts += 1
        try:
            with await service.guard.admit_async(EXPORT) as admission:
                if attempts % 7 == 0:
                    admission.fail()
                    continue
                done += 1
        except UnitsExhausted:
            return done
        except EntitlementUnconfirmed:
            await asyncio.sleep(0.05)


@pytest.mark.slow
async def test_two_services_at_full_speed_serve_exactly_the_limit_and_stop_when_told(
    make_service, leasing, admin
):
    services = [await make_service(name) for name in ("one", "two")]
    for service in services:
        await asyncio.to_thread(service.start)
    try:
        for service in services:
            assert await service.state.wait_for_async(1, PATIENCE)
        served = await asyncio.gather(*map(export_all, services))
        await asyncio.to_thread(until, lambda: not any(s.calls.pending for s in services))
        assert services[0].state.check("module")
        await leasing.publish(quotas(LIMIT), standing=Standing.SUSPENDED)
        for service in services:
            assert await service.state.wait_for_async(2, PATIENCE)
        assert services[1].state.check("module").reason == "suspended"
    finally:
        for service in services:
            await asyncio.to_thread(service.stop)

    assert sum(served) == LIMIT
    assert [service.calls.dead for service in services] == [0, 0]
    account = admin.execute("SELECT spent, held, lost FROM lease_accounts").fetchall()
    assert account == [(LIMIT, 0, 0)]
    assert list(services[0].calls.folder.iterdir()) == []
