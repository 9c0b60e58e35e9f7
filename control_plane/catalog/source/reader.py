"""From the text of a catalogue file to a catalogue, or to everything that is wrong with it."""

from control_plane.catalog.definitions import Definitions
from control_plane.catalog.domain import Catalog
from control_plane.catalog.errors import CatalogInvalid
from control_plane.catalog.source.cursor import Cursor
from control_plane.catalog.source.definitions import read_definitions
from control_plane.catalog.source.faults import Problem
from control_plane.catalog.source.offers import read_addons, read_plans
from control_plane.catalog.source.parse import parse
from control_plane.catalog.source.published import check_published


def read_catalog(text: str, published: Definitions | None = None) -> Catalog:
    """Read a catalogue file; its plans and add-ons are drafts (nil id, version 0).

    With ``published``, what was sold by it is protected too: a published module,
    feature or meter must stay, and keep its meaning.

    Raises:
        CatalogInvalid: with every problem found, each with its line and column.
    """
    problems: list[Problem] = []
    root = parse(text, problems)
    catalog = None if root is None else catalog_at(root, published)
    if catalog is None or problems:
        raise CatalogInvalid(problems)
    return catalog


def catalog_at(root: Cursor, published: Definitions | None = None) -> Catalog:
    """Read the catalogue that stands at a place of a document, reporting what is wrong there."""
    sections = root.fields(
        required=("modules", "features", "plans"), optional=("meters", "seasons", "addons")
    )
    definitions = read_definitions(sections)
    plans = read_plans(sections["plans"], definitions) if "plans" in sections else {}
    addons = read_addons(sections["addons"], definitions) if "addons" in sections else {}
    if published is not None:
        check_published(root, sections, definitions, published)
    return Catalog(
        modules=definitions.modules,
        features=definitions.features,
        meters=definitions.meters,
        seasons=definitions.seasons,
        plans=plans,
        addons=addons,
    )
