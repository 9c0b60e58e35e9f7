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
from control_plane.runtime.reads import fetch
from control_plane.runtime.unit_of_work import BOUND, SystemWork
from control_plane.runtime.writes import run

_DURABLE = "set_config('synchronous_commit', 'on', true)"
# Identities in ClickHouse have no unique key: one delivery of a tenant at a time looks them up.
_ALONE = text(
    f"""
    SELECT {_DURABLE}, pg_advisory_xact_lock(
        hashtextextended(CAST(:tenant_id AS text) || ' stores usage', 0))
    """
)
# A statement of its own: only a new snapshot shows what others committed while the lock was
# waited for.
_BEGUN = text(
    """
    SELECT CAST(pg_current_xact_id() AS text),
        ARRAY(SELECT seq FROM usage_inserts WHERE tenant_id = :tenant_id)
    """
)
_TRANSACTION = text("SELECT CAST(pg_current_xact_id() AS text)")
_OPEN = text(
    f"""
    WITH {BOUND}, durable AS MATERIALIZED (SELECT {_DURABLE} AS kept)
    INSERT INTO usage_inserts (tenant_id, recorded)
    SELECT tenant_id, CAST(CAST(:recorded AS text) AS xid8) FROM bound, durable
    WHERE kept = 'on' RETURNING seq
    """  # noqa: S608 - built from our own text
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
class Begun:
    """A transaction that stores usage of a tenant alone, and whose inserts it must not see."""

    transaction: int
    unfinished: Sequence[int]


@dataclass(frozen=True, slots=True)
class Registry:
    """Registers inserts on connections of its own, beside the transaction that stores."""

    system: SystemWork

    async def begin(self, session: AsyncSession, tenant_id: TenantId) -> Begun:
        """Wait until nobody else stores usage of the tenant; what commits is then on disk."""
        await self.alone(session, tenant_id)
        [(transaction, unfinished)] = await fetch(session, _BEGUN, {"tenant_id": tenant_id})
        return Begun(int(transaction), unfinished)

    async def alone(self, session: AsyncSession, tenant_id: TenantId) -> None:
        """Wait until nobody else stores usage of the tenant, and keep others from it."""
        await fetch(session, _ALONE, {"tenant_id": str(tenant_id)})

    async def transaction(self, session: AsyncSession) -> int:
        """Return the number of the running transaction."""
        return int((await session.execute(_TRANSACTION)).scalar_one())

    async def open(self, tenant_id: TenantId, transaction: int) -> int:
        """Register an insert of the running transaction, and commit that; return its number."""
        [(number,)] = await self.system.at_once(tenant_id, _OPEN, {"recorded": str(transaction)})
        return int(number)

    async def close(self, session: AsyncSession, tenant_id: TenantId, insertion: int) -> None:
        """Let the rows of an insert count, as soon as the running transaction commits."""
        await run(session, _CLOSE, {"tenant_id": tenant_id, "seq": insertion})

    async def visible(
        self, session: AsyncSession, tenant_id: TenantId, cutoff: str | None = None
    ) -> Visible:
        """Say what counts inside a cut-off, which was taken before; None: inside one taken now."""
        found = (await session.execute(_SEEN, {"tenant_id": tenant_id})).one()
        return Visible(cutoff or str(found[0]), [int(number) for number in found[1]])
