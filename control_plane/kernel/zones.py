"""Time zones, read from the pinned ``tzdata`` wheel and from nowhere else.

The machine's own zone files are never consulted, so that every server cuts the same periods, and
an invoice's manifest can name the version of the rules it was computed with.
"""

from functools import cache
from importlib.metadata import version
from importlib.resources import files
from zoneinfo import ZoneInfo

from control_plane.kernel.errors import ErrorKind, TallyardError


class UnknownZone(TallyardError):
    """A name is not a zone of the IANA time zone database."""

    code = "unknown_zone"
    kind = ErrorKind.INVALID
    message = "“{zone}” is not a time zone."
    remedy = "Use a name of the IANA time zone database, such as Asia/Shanghai."


@cache
def zone_names() -> frozenset[str]:
    """Return the names of all zones of the pinned time zone database."""
    return frozenset((files("tzdata") / "zones").read_text("utf-8").split())


@cache
def tzdata_version() -> str:
    """Return the version of the pinned time zone database, such as ``2026.1``."""
    return version("tzdata")


@cache
def load_zone(name: str) -> ZoneInfo:
    """Return the rules of an IANA zone.

    Raises:
        UnknownZone: the pinned database has no zone of this name.
    """
    if name not in zone_names():
        raise UnknownZone(zone=name, field="zone")
    path = files("tzdata") / "zoneinfo"
    with path.joinpath(*name.split("/")).open("rb") as rules:
        return ZoneInfo.from_file(rules, key=name)
