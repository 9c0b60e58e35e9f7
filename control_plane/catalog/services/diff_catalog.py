"""Use case: see what publishing a catalogue file would change."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.catalog.definitions import definitions_of
from control_plane.catalog.diff import Publication, prepare_publication
from control_plane.catalog.repository import CatalogRepository
from control_plane.catalog.source.reader import read_catalog
from control_plane.runtime.database import Database
from control_plane.runtime.roles import Role


@dataclass(frozen=True, slots=True)
class DiffCatalog:
    """Work out what ``apply`` would publish, and change nothing."""

    database: Database

    async def __call__(self, source: str) -> Publication:
        """Return the publication; nothing would change when it has no differences.

        Raises:
            CatalogInvalid: with every problem found, by line and column.
        """
        async with AsyncSession(self.database.engine(Role.TENANT)) as session:
            return await prepare(CatalogRepository(session), source)


async def prepare(catalogs: CatalogRepository, source: str) -> Publication:
    """Compare a file with what is published."""
    current = await catalogs.current()
    draft = read_catalog(source, published=definitions_of(current))
    return prepare_publication(
        draft, current, await catalogs.latest_plans(), await catalogs.latest_addons()
    )
