"""Use case: check a catalogue file."""

from dataclasses import dataclass

from control_plane.catalog.domain import Catalog
from control_plane.catalog.source.reader import read_catalog


@dataclass(frozen=True, slots=True)
class ValidateCatalog:
    """Check a catalogue file by itself, without looking at what is published."""

    def __call__(self, source: str) -> Catalog:
        """Return what the file says, its plans and add-ons as drafts.

        Raises:
            CatalogInvalid: with every problem found, by line and column.
        """
        return read_catalog(source)
