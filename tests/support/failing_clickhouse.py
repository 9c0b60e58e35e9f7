"""ClickHouse and its registry, which break off before or after any step of a delivery."""

from dataclasses import dataclass, field

from metering.stores.clickhouse.client import Block, ClickHouse
from metering.stores.clickhouse.registry import Registry


class Killed(Exception):
    """The process ended here, as far as the store can tell."""


STEPS = [
    f"{when} {what}"
    for what in ("open", "usage_identities", "usage_events", "usage_retractions", "close", "commit")
    for when in ("before", "after")
][:-1]
"""Every place between two steps; after the commit there is nothing left to lose."""


@dataclass(slots=True)
class Fuse:
    """Blows once, at one step."""

    step: str = ""

    def at(self, step: str) -> None:
        if step == self.step:
            self.step = ""
            raise Killed(step)


@dataclass(slots=True)
class FailingClickHouse:
    """The real engine, but for one insert."""

    inner: ClickHouse
    fuse: Fuse = field(default_factory=Fuse)

    async def ask(self, sql, bound=None):
        return await self.inner.ask(sql, bound)

    async def run(self, sql, bound=None):
        await self.inner.run(sql, bound)

    async def insert(self, block: Block, token: str):
        self.fuse.at(f"before {block.table}")
        await self.inner.insert(block, token)
        self.fuse.at(f"after {block.table}")


@dataclass(frozen=True, slots=True)
class FailingRegistry(Registry):
    """The real registry, but for one call."""

    fuse: Fuse = field(default_factory=Fuse)

    async def open(self, tenant_id, transaction):
        self.fuse.at("before open")
        opened = await Registry.open(self, tenant_id, transaction)
        self.fuse.at("after open")
        return opened

    async def close(self, session, tenant_id, insertion):
        self.fuse.at("before close")
        await Registry.close(self, session, tenant_id, insertion)
        self.fuse.at("after close")
