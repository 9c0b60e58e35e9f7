"""SIGKILL at random moments: nothing acknowledged is lost, nothing is counted twice."""

import asyncio
import random
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import httpx

from tests.integration.modules.caller import Caller
from tests.support.modules import FakeControlPlane, Fleet, Instance

ORDERS = 160
KILLS = 6
QUERIES = 20


def rows(path: Path, query: str) -> list[tuple]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


async def ship_until_answered(caller: Caller, number: int) -> str:
    """Repeat one order under its key, as a careful program does, and return the document's id."""
    while True:
        try:
            answer = await caller.ship(f"order-{number}", ("A", "1"), ("B", "0.5"))
        except httpx.TransportError:
            await asyncio.sleep(0.02)
            continue
        if answer.status_code == 201:
            return answer.json()["id"]
        assert answer.status_code in {401, 503}, answer.text
        await asyncio.sleep(0.02)


async def kill_and_restart(instances: list[Instance], chance: random.Random) -> None:
    for _ in range(KILLS):
        await asyncio.sleep(chance.uniform(0.05, 0.4))
        instance = chance.choice(instances)
        assert await instance.kill_process(signal.SIGKILL) == -signal.SIGKILL
        await instance.start_process()


async def test_outbound_and_ledger_agree_after_being_killed_in_the_middle_of_traffic(
    control: FakeControlPlane, fleet: Fleet
):
    for instance in fleet.instances:
        instance.data_dir.mkdir(parents=True)
        await instance.start_process()
    async with httpx.AsyncClient(timeout=30) as client:
        caller = Caller(client, fleet)
        assert (await caller.receive("r", ("A", "1000"), ("B", "1000"))).status_code == 201
        acknowledged: list[str] = []

        async def worker(first: int) -> None:
            numbers = range(first, ORDERS, 8)
            acknowledged.extend([await ship_until_answered(caller, number) for number in numbers])

        killer = asyncio.create_task(
            kill_and_restart([fleet.outbound, fleet.ledger], random.Random(618))
        )
        await asyncio.gather(*(worker(first) for first in range(8)))
        await killer
        for instance in (fleet.ledger, fleet.outbound, fleet.inbound, fleet.stock_query):
            while not (await caller.sync(instance))["settled"]:
                await asyncio.sleep(0.1)
        for _ in range(QUERIES):
            stock = await caller.stock()
        await fleet.stock_query.kill_process(signal.SIGKILL)
        await fleet.stock_query.start_process()
        while not (await caller.sync(fleet.stock_query))["settled"]:
            await asyncio.sleep(0.1)
    for instance in fleet.instances:
        assert await instance.kill_process(signal.SIGTERM) == 0

    posted = {
        document
        for (document,) in rows(
            fleet.outbound.database, "SELECT id FROM documents WHERE state = 'posted'"
        )
    }
    moved = rows(
        fleet.ledger.database,
        "SELECT key, count(*) FROM movements WHERE to_location = 'customer' GROUP BY key",
    )
    metered = {event["id"] for event in control.events_of("outbound")}
    assert len(acknowledged) == len(set(acknowledged)) == ORDERS
    assert set(acknowledged) == posted == metered
    assert dict(moved) == {f"{document}:post": 2 for document in posted}
    assert len(control.events_of("stock_query")) == QUERIES
    assert stock == {"A": str(1000 - ORDERS), "B": str(1000 - ORDERS // 2)}
    assert rows(fleet.outbound.database, "SELECT count(*) FROM usage_dead") == [(0,)]
    assert rows(fleet.ledger.database, "SELECT sum(on_hand) FROM balances") == [(0,)]


async def test_an_instance_ends_with_the_process_it_belongs_to(
    control: FakeControlPlane, fleet: Fleet
):
    fleet.ledger.data_dir.mkdir(parents=True)
    companion = await asyncio.create_subprocess_exec("sleep", "600")
    await fleet.ledger.start_process(TALLYARD_EXIT_WITH_PID=str(companion.pid))

    companion.kill()
    await companion.wait()

    assert fleet.ledger.process is not None
    assert await asyncio.to_thread(fleet.ledger.process.wait, 20) == 0
