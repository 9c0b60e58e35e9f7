"""At most one executor for each tenant."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy import text

from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import SystemWork

_TRY = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 0))")
_PAUSE_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class TenantLock:
    """Holds a tenant's instances for one executor; PostgreSQL frees it when that one dies."""

    system: SystemWork

    @asynccontextmanager
    async def __call__(self, tenant_id: TenantId, *, patience: float = 0) -> AsyncIterator[bool]:
        """Yield whether the lock was had, after trying for ``patience`` seconds."""
        async with self.system() as session:
            name = {"name": f"reconcile:{tenant_id}"}
            held = bool(await session.scalar(_TRY, name))
            for _ in range(int(patience / _PAUSE_SECONDS)):
                if held:
                    break
                await asyncio.sleep(_PAUSE_SECONDS)
                held = bool(await session.scalar(_TRY, name))
            yield held
