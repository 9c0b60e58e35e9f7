"""One read of a tenant's accounts for all the checks that wait for one."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextvars import Context
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from control_plane.kernel.ids import TenantId

Read = TypeVar("Read")


@dataclass(slots=True)
class _Lane(Generic[Read]):
    """A tenant's read under way, and the one that begins after it."""

    running: "asyncio.Task[Mapping[str, Read]] | None" = None
    coming: "asyncio.Task[Mapping[str, Read]] | None" = None
    wanted: set[str] = field(default_factory=set)


class SharedReads(Generic[Read]):
    """Joins reads of one tenant that are asked for while another is under way.

    Whoever asks is answered by a read that begins afterwards, so it knows all that was committed
    before. Tenants never wait for each other.
    """

    def __init__(
        self, read: Callable[[TenantId, Collection[str]], Awaitable[Mapping[str, Read]]]
    ) -> None:
        self._read = read
        self._lanes: dict[TenantId, _Lane[Read]] = {}

    async def __call__(self, tenant_id: TenantId, names: Collection[str]) -> Mapping[str, Read]:
        """Return what was read: these names, perhaps among others.

        Raises:
            Exception: whatever the read raised, to all that it was for.
        """
        lane = self._lanes.setdefault(tenant_id, _Lane())
        lane.wanted.update(names)
        if lane.coming is None:
            # An empty context: the read is nobody's request, and joins nobody's transaction.
            lane.coming = asyncio.get_running_loop().create_task(
                self._turn(tenant_id, lane, lane.running), context=Context()
            )
        # One caller that goes away takes the read from nobody else.
        return await asyncio.shield(lane.coming)

    async def _turn(
        self,
        tenant_id: TenantId,
        lane: _Lane[Read],
        before: "asyncio.Task[Mapping[str, Read]] | None",
    ) -> Mapping[str, Read]:
        if before is not None:
            await asyncio.wait([before])
        lane.running, lane.coming = lane.coming, None
        names, lane.wanted = frozenset(lane.wanted), set()
        try:
            return await self._read(tenant_id, names)
        finally:
            lane.running = None
            if lane.coming is None:
                self._lanes.pop(tenant_id, None)
