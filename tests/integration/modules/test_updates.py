"""A running module is told at once; it says when it no longer would be."""

import asyncio
import sys

import httpx
import pytest

from control_plane.sdk.subscriber import Subscriber
from tests.support.modules import READ_KEY

STOCK = {"headers": {"Authorization": f"Bearer {READ_KEY}"}}


@pytest.fixture
async def instance(control, fleet):
    await fleet.ledger.start()
    await fleet.stock_query.start()
    yield fleet.stock_query
    await fleet.stock_query.stop()
    await fleet.ledger.stop()


async def ask(instance, path="/v1/stock", **more):
    async with httpx.AsyncClient(timeout=30) as client:
        return await client.get(f"{instance.url}{path}", **more)


async def until(happened):
    async with asyncio.timeout(60):
        while not await happened():
            await asyncio.sleep(0.02)


async def test_what_is_revoked_is_refused_without_anybody_asking(control, instance):
    assert (await ask(instance, **STOCK)).status_code == 200

    polls = control.polls
    control.modules = ()
    control.publish()

    async def refused():
        return (await ask(instance, **STOCK)).status_code == 403

    await until(refused)
    assert control.polls == polls


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_an_instance_whose_updater_is_dead_is_not_ready(control, instance, monkeypatch):
    assert (await ask(instance, "/health/ready")).json()["status"] == "ready"

    monkeypatch.setattr(Subscriber, "_take", lambda *_: sys.exit())

    async def unready():
        return (await ask(instance, "/health/ready")).status_code == 503

    await until(unready)
    assert "dead" in (await ask(instance, "/health/ready")).json()["status"]
    assert (await ask(instance, **STOCK)).status_code == 200


async def test_after_keys_were_rotated_it_starts_again_from_its_disk_alone(control, instance):
    control.rotate_keys()
    control.publish()
    newest = control.revision

    async def told():
        return (await ask(instance, "/health/ready")).json()["revision"] == newest

    await until(told)
    await instance.stop()
    control.down = True
    await instance.start()

    assert (await ask(instance, **STOCK)).status_code == 200
    assert (await ask(instance, "/health/ready")).json()["revision"] == newest
