"""Connections to PostgreSQL: one lazily opened pool per role."""

from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from control_plane.runtime.roles import Role, role_url
from control_plane.runtime.settings import Settings


@dataclass(frozen=True, slots=True)
class Database:
    """The pools of one process. Close it when the process ends."""

    settings: Settings
    _engines: dict[Role, AsyncEngine] = field(default_factory=dict)

    def engine(self, role: Role | str) -> AsyncEngine:
        """Give the pool of ``role``, opening it on first use."""
        key = Role(role)
        if key not in self._engines:
            self._engines[key] = create_async_engine(
                role_url(self.settings, key),
                pool_size=self.settings.pool_size,
                max_overflow=self.settings.pool_size,
                pool_pre_ping=True,
                # Identity asks one function at a time, on every request: a transaction around
                # each would be two more round trips for nothing.
                isolation_level="AUTOCOMMIT" if key is Role.AUTH else "READ COMMITTED",
                connect_args={"application_name": f"tallyard-{key}", "connect_timeout": 10},
            )
        return self._engines[key]

    async def close(self) -> None:
        """Close every pool that was opened."""
        for engine in self._engines.values():
            await engine.dispose()
        self._engines.clear()
