"""Use case: publish a catalogue file."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.catalog.diff import Publication
from control_plane.catalog.repository import CatalogRepository
from control_plane.catalog.services.diff_catalog import prepare
from control_plane.kernel.clock import Clock
from control_plane.runtime.database import Database
from control_plane.runtime.roles import Role


@dataclass(frozen=True, slots=True)
class ApplyCatalog:
    """Publish a catalogue file, as the owner role.

    A plan or add-on whose content changed gets a new version; what was sold
    keeps the version it was sold with. Applying the same file again does nothing.
    """

    database: Database
    clock: Clock

    async def __call__(self, source: str) -> Publication:
        """Return what was published; it has no differences when nothing changed.

        Raises:
            CatalogInvalid: with every problem found, by line and column; nothing is stored.
        """
        engine = self.database.engine(Role.OWNER)
        async with AsyncSession(engine, expire_on_commit=False) as session, session.begin():
            # Publishers queue up, so that version numbers are drawn one after the other.
            await session.execute(
                text("SELECT pg_advisory_xact_lock(hashtextextended('catalog', 0))")
            )
            catalogs = CatalogRepository(session)
            publication = await prepare(catalogs, source)
            if publication.differences:
                now = self.clock.now()
                for plan in publication.new_plans:
                    catalogs.add_plan(plan, now)
                for addon in publication.new_addons:
                    catalogs.add_addon(addon, now)
                await catalogs.put_on_sale(publication.catalog, source, now)
        return publication
