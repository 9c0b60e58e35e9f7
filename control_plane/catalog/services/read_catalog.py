"""Use case: show what is on sale."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.catalog.domain import Catalog
from control_plane.catalog.repository import CatalogRepository
from control_plane.runtime.database import Database
from control_plane.runtime.roles import Role


@dataclass(frozen=True, slots=True)
class ReadCatalog:
    """Show what is on sale. The catalogue belongs to no tenant, so anyone may ask."""

    database: Database

    async def __call__(self) -> Catalog:
        """Return the catalogue on sale, an empty one before the first ``apply``."""
        async with AsyncSession(self.database.engine(Role.TENANT)) as session:
            return await CatalogRepository(session).current()
