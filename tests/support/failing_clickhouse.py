"""ClickHouse and its registry, which break off before or after any step of a delivery."""

import asyncio
import threading
from dataclasses import dataclass, field

from metering.stores.clickhouse.client import Block, ClickHouse
from metering.stores.clickhouse.registry import Registry
from metering.stores.clickhouse.schema import TABLES


class Killed(Exception):
    """The process ended here, as far as the store can tell."""


STEPS = [
    f"{when} {what}"
    for what in ("lock", "ask", "open", *TABLES, "close", "commit")
    for when in ("before", "after")
][:-1]
"""Every place between two steps; after the commit there is nothing left to lose.

What is before a table is in the thread that makes its block.
"""


@dataclass(slots=True)
class Fuse:
    """Blows once, at one step: nothing goes on, or the task that delivers is cancelled."""

    step: str = ""
    cancelled: asyncio.Task | None = None

    async def at(self, step: str) -> None:
        if self._blows(step):
            if self.cancelled is None:
                raise Killed(step)
            self.cancelled.cancel()
            await asyncio.sleep(0)

    def within(self, step: str) -> None:
        """As `at`, in a thread: it goes on when the cancelled task has long come to its end."""
        if self._blows(step):
            if self.cancelled is None:
                raise Killed(step)
            ended = threading.Event()
            self.cancelled.get_loop().call_soon_threadsafe(self._cancel, ended)
            ended.wait()

    def _cancel(self, ended: threading.Event) -> None:
        self.cancelled.add_done_callback(lambda _: ended.set())
        self.cancelled.cancel()

    def _blows(self, step: str) -> bool:
        if step != self.step:
            return False
        self.step = ""
        return True


@dataclass(slots=True)
class FailingClickHouse:
    """The real engine, but for one question or insert."""

    inner: ClickHouse
    fuse: Fuse = field(default_factory=Fuse)

    async def ask(self, sql, bound=None):
        await self.fuse.at("before ask")
        found = await self.inner.ask(sql, bound)
        await self.fuse.at("after ask")
        return found

    async def run(self, sql, bound=None):
        await self.inner.run(sql, bound)

    async def insert(self, block: Block, token: str):
        await self.insert_made(lambda: block, token)

    async def insert_made(self, make, token: str):
        tables = []

        def making():
            block = make()
            tables.append(block.table)
            self.fuse.within(f"before {block.table}")
            return block

        await self.inner.insert_made(making, token)
        await self.fuse.at(f"after {tables[0]}")


@dataclass(frozen=True, slots=True)
class FailingRegistry(Registry):
    """The real registry, but for one call."""

    fuse: Fuse = field(default_factory=Fuse)

    async def alone(self, session, tenant_id):
        await self.fuse.at("before lock")
        await Registry.alone(self, session, tenant_id)
        await self.fuse.at("after lock")

    async def open(self, tenant_id, transaction):
        await self.fuse.at("before open")
        opened = await Registry.open(self, tenant_id, transaction)
        await self.fuse.at("after open")
        return opened

    async def close(self, session, tenant_id, insertion):
        await self.fuse.at("before close")
        await Registry.close(self, session, tenant_id, insertion)
        await self.fuse.at("after close")
