"""Inserts into ClickHouse under way, as PostgreSQL knows them: what makes rows there count.

ClickHouse has no transaction that PostgreSQL could share. So a row there counts when the
PostgreSQL transaction that stored it is inside the cut-off, as in every store, *and* its insert is
not registered here. An insert is registered, and that committed, before its first row leaves; the
entry goes in the same commit that acknowledges the events. Whatever fails in between leaves rows
that count for nobody, until `metering.stores.clickhouse.sweeping` takes them away.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.kernel.ids import TenantId
from control_plane.runtime.unit_of_work import SystemWork, set_tenant

# Identities in ClickHouse have no unique key: one delivery of a tenant at a time looks them up.
_ALONE = text("SELECT pg_advisory_xact_lock(hashtextextended(:tenant_id || ' stores usage', 0))")
_DURABLE = text("SET LOCAL synchronous_commit = on")
_TRANSACTION = text("SELECT CAST(pg_current_xact_id() AS text)")
_OPEN = text(
    """
    INSERT INTO usage_inserts (tenant_id, recorded)
    VALUES (:tenant_id, CAST(CAST(:recorded AS text) AS xid8)) RETURNING seq
    """
)
_CLOSE = text("DELETE FROM usage_inserts WHERE tenant_id = :tenant_id AND seq = :seq")
_SEEN = text(
    """
    SELECT CAST(pg_current_snapshot() AS text),
        ARRAY(SELECT seq FROM usage_inserts WHERE tenant_id = :tenant_id)
    """
)


@dataclass(frozen=True, slots=True)
class Visible:
    """Which rows of a tenant count: those inside ``cutoff``, but for the ``unfinished`` inserts."""

    cutoff: str
    unfinished: Sequence[int]

    def within(self, cutoff: str) -> "Visible":
        """Say what counts inside another cut-off, which was taken before."""
        return Visible(cutoff, self.unfinished)


@dataclass(frozen=True, slots=True)
class Registry:
    """Registers inserts on connections of its own, beside the transaction that stores."""

    system: SystemWork

    async def begin(self, session: AsyncSession, tenant_id: TenantId) -> int:
        """Wait until nobody else stores usage of the tenant; return the transaction's number."""
        await session.execute(_DURABLE)
        await session.execute(_ALONE, {"tenant_id": str(tenant_id)})
        return await self.transaction(session)

    async def transaction(self, session: AsyncSession) -> int:
        """Return the number of the running transaction."""
        return int((await session.execute(_TRANSACTION)).scalar_one())

    async def open(self, tenant_id: TenantId, transaction: int) -> int:
        """Register an insert of the running transaction, and commit that; return its number."""
        async with self.system() as session:
            await set_tenant(session, tenant_id)
            await session.execute(_DURABLE)
            bound = {"tenant_id": tenant_id, "recorded": str(transaction)}
            return int((await session.execute(_OPEN, bound)).scalar_one())

    async def close(self, session: AsyncSession, tenant_id: TenantId, insertion: int) -> None:
        """Let the rows of an insert count, as soon as the running transaction commits."""
        await session.execute(_CLOSE, {"tenant_id": tenant_id, "seq": insertion})

    async def visible(
        self, session: AsyncSession, tenant_id: TenantId, cutoff: str | None = None
    ) -> Visible:
        """Say what counts inside a cut-off, which was taken before; None: inside one taken now."""
        found = (await session.execute(_SEEN, {"tenant_id": tenant_id})).one()
        return Visible(cutoff or str(found[0]), [int(number) for number in found[1]])
