"""One transaction per use case, bound to one tenant.

A use case opens ``async with work(tenant_id) as session``. Opened again for the
same tenant inside the same task, it joins the outer transaction, so the edge
can wrap a whole request (the effect, its audit entry, its outbox messages and
its idempotency row) in one commit.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from sqlalchemy import TextClause, event, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from control_plane.kernel.ids import TenantId
from control_plane.runtime.database import Database
from control_plane.runtime.direct import Row, Value
from control_plane.runtime.reads import ask
from control_plane.runtime.roles import Role
from control_plane.runtime.writes import connect


class NestedTenant(RuntimeError):
    """A transaction of one tenant was opened inside another tenant's."""


@dataclass(frozen=True, slots=True)
class _Ambient:
    task: "asyncio.Task[object] | None"
    tenant_id: TenantId
    session: AsyncSession


BOUND = """
    bound AS MATERIALIZED (
        SELECT CAST(set_config('app.tenant_id', CAST(:tenant_id AS text), true) AS uuid)
            AS tenant_id
    )
"""
"""What a statement for `UnitOfWork.at_once` begins its WITH clause with.

Whatever it writes takes its tenant from there, and so is written after the tenant was set: rows
that would come earlier belong to nobody, and row-level security refuses them. What is read has to
depend on it as well: a LATERAL query that looks for ``bound.tenant_id`` is begun after this, where
nothing says so of a table that is merely joined.
"""

_BIND = text("SELECT set_config('app.tenant_id', :tenant_id, true)")
_AMBIENT: ContextVar[_Ambient | None] = ContextVar("tallyard_unit_of_work", default=None)


async def set_tenant(session: AsyncSession, tenant_id: TenantId) -> None:
    """Bind the running transaction to a tenant; row-level security does the rest."""
    connection = await connect(session)
    await connection.execute(_BIND, {"tenant_id": str(tenant_id)})


def once_committed(session: AsyncSession, act: Callable[[], None]) -> None:
    """Call ``act`` when the transaction has committed, whoever opened it; never when it fails."""
    acted = False

    def committed(of: Session) -> None:
        nonlocal acted
        if acted or of.in_nested_transaction():  # a savepoint may yet be rolled back
            return
        acted = True
        act()

    event.listen(session.sync_session, "after_commit", committed)


@dataclass(frozen=True, slots=True)
class UnitOfWork:
    """Opens transactions that see one tenant only."""

    database: Database

    @asynccontextmanager
    async def __call__(self, tenant_id: TenantId) -> AsyncIterator[AsyncSession]:
        """Commit at the end of the block, or roll back when it raises.

        Raises:
            NestedTenant: this task already works for another tenant.
        """
        ambient = _AMBIENT.get()
        # A child task inherits the context but must not share the connection.
        if ambient is not None and ambient.task is asyncio.current_task():
            if ambient.tenant_id != tenant_id:
                raise NestedTenant(f"{tenant_id} inside {ambient.tenant_id}")
            yield ambient.session
            return
        engine = self.database.engine(Role.TENANT)
        async with AsyncSession(engine, expire_on_commit=False) as session, session.begin():
            await set_tenant(session, tenant_id)
            token = _AMBIENT.set(_Ambient(asyncio.current_task(), tenant_id, session))
            try:
                yield session
            finally:
                _AMBIENT.reset(token)

    async def at_once(
        self, tenant_id: TenantId, statement: TextClause, values: Mapping[str, Value]
    ) -> list[Row]:
        """Write or read in one round trip: return the rows of a statement `BOUND` to the tenant.

        It is committed when this returns, and never part of a transaction that is open.
        """
        direct = self.database.direct(Role.TENANT, statement)
        return await direct({"tenant_id": str(tenant_id), **values})


@dataclass(frozen=True, slots=True)
class SystemWork:
    """Opens transactions that see queue tables over all tenants."""

    database: Database

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[AsyncSession]:
        """Commit at the end of the block. Set a tenant before touching its rows."""
        engine = self.database.engine(Role.SYSTEM)
        async with AsyncSession(engine, expire_on_commit=False) as session, session.begin():
            yield session

    async def at_once(
        self, tenant_id: TenantId, statement: TextClause, values: Mapping[str, object]
    ) -> list[tuple[Any, ...]]:
        """Write for one tenant in one round trip, as `UnitOfWork.at_once`."""
        engine = self.database.engine(Role.SYSTEM)
        return await ask(engine, statement, {"tenant_id": str(tenant_id), **values})

    async def ask(self, statement: TextClause) -> Any:
        """Return the one value that a statement says; no transaction is opened around it."""
        engine = self.database.engine(Role.SYSTEM)
        asking = engine.execution_options(isolation_level="AUTOCOMMIT")
        async with asking.connect() as connection:
            return (await connection.execute(statement)).scalar_one()


@dataclass(frozen=True, slots=True)
class StaffWork:
    """Opens read-only transactions over the tables that staff may see."""

    database: Database

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[AsyncSession]:
        """Read over all tenants; every write is refused by PostgreSQL."""
        engine = self.database.engine(Role.STAFF)
        async with AsyncSession(engine, expire_on_commit=False) as session, session.begin():
            await session.execute(text("SET TRANSACTION READ ONLY"))
            yield session


@dataclass(frozen=True, slots=True)
class AuthWork:
    """Opens transactions that may call identity's look-up functions only."""

    database: Database

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[AsyncSession]:
        """Commit at the end of the block."""
        engine = self.database.engine(Role.AUTH)
        async with AsyncSession(engine, expire_on_commit=False) as session, session.begin():
            yield session

    async def ask(
        self, statement: TextClause, values: Mapping[str, object]
    ) -> list[tuple[Any, ...]]:
        """Return a function's rows, without a session: for what every request begins with."""
        return await ask(self.database.engine(Role.AUTH), statement, values)
