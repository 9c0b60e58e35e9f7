"""Connections to PostgreSQL: one lazily opened pool per role."""

import time
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import TextClause, event
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from control_plane.runtime.direct import Direct
from control_plane.runtime.roles import Role, plain_dsn, role_url
from control_plane.runtime.settings import Settings

IDLE_SECONDS = 0.5
"""How long a connection lies unused before it is asked whether it still lives."""


@dataclass(frozen=True, slots=True)
class Database:
    """The pools of one process. Close it when the process ends."""

    settings: Settings
    _engines: dict[Role, AsyncEngine] = field(default_factory=dict)
    _direct: dict[tuple[Role, str], Direct] = field(default_factory=dict)

    def engine(self, role: Role | str) -> AsyncEngine:
        """Give the pool of ``role``, opening it on first use."""
        key = Role(role)
        if key not in self._engines:
            engine = create_async_engine(
                role_url(self.settings, key),
                pool_size=self.settings.pool_size,
                # A look-up of identity takes no time, whatever request it begins: waiting for a
                # connection costs less than opening one more, with its login, and closing it at
                # once. The other roles' transactions last as long as their use cases do.
                max_overflow=0 if key is Role.AUTH else self.settings.pool_size,
                # Identity asks one function at a time, before nearly every request: a transaction
                # around each would be two more round trips for nothing.
                isolation_level="AUTOCOMMIT" if key is Role.AUTH else "READ COMMITTED",
                connect_args={"application_name": f"tallyard-{key}", "connect_timeout": 10},
            )
            _ping_after_idling(engine)
            self._engines[key] = engine
        return self._engines[key]

    def direct(self, role: Role, statement: TextClause) -> Direct:
        """Give a statement connections of its own; always the same ones."""
        key = (role, statement.text)
        if key not in self._direct:
            most = max(1, self.settings.pool_size // 2)
            self._direct[key] = Direct(plain_dsn(role_url(self.settings, role)), statement, most)
        return self._direct[key]

    async def close(self) -> None:
        """Close every connection that was opened."""
        for direct in self._direct.values():
            await direct.close()
        self._direct.clear()
        for engine in self._engines.values():
            await engine.dispose()
        self._engines.clear()


def _ping_after_idling(engine: AsyncEngine) -> None:
    """Have a connection checked before it is used, unless it was used a moment ago.

    A round trip for every transaction would be the most frequent statement of all.
    """

    def used(_: object, record: Any) -> None:
        record.info["used_at"] = time.monotonic()

    def check(connection: Any, record: Any, _: object) -> None:
        if time.monotonic() - record.info["used_at"] < IDLE_SECONDS:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError from error

    event.listen(engine.sync_engine, "connect", used)
    event.listen(engine.sync_engine, "checkin", used)
    event.listen(engine.sync_engine, "checkout", check)
