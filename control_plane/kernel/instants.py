"""Instants: aware datetimes in UTC, their text form, and the local days they fall on."""

import re
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from control_plane.kernel.errors import ErrorKind, TallyardError
from control_plane.kernel.zones import load_zone

_DAY = timedelta(days=1)
_RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:Z|[+-][0-9]{2}:[0-9]{2})?"
)


class NaiveInstant(TallyardError):
    """A datetime says no zone, so it names no instant."""

    code = "naive_instant"
    kind = ErrorKind.INVALID
    message = "The time {value} has no zone."
    remedy = "Say the offset, such as 2026-01-10T02:00:00Z."


class InvalidInstant(TallyardError):
    """A text is not an RFC 3339 time."""

    code = "invalid_instant"
    kind = ErrorKind.INVALID
    message = "“{value}” is not a time."
    remedy = "Write the time as in RFC 3339, such as 2026-01-10T02:00:00Z."


def as_utc(at: datetime) -> datetime:
    """Return the same instant in UTC.

    Raises:
        NaiveInstant: ``at`` carries no zone.
    """
    if at.tzinfo is UTC:
        return at
    if at.tzinfo is None:
        raise NaiveInstant(value=at.isoformat())
    return at.astimezone(UTC)


def instant_text(at: datetime) -> str:
    """Write an instant canonically, in UTC: ``2026-01-10T02:00:00Z``, microseconds only if any."""
    return as_utc(at).isoformat().replace("+00:00", "Z")


def wall_clock_text(at: datetime, zone: str) -> str:
    """Write an instant as people of a zone read it, to the minute: ``2026-01-10 10:00``.

    Raises:
        UnknownZone: the pinned database has no zone of this name.
    """
    return f"{as_utc(at).astimezone(load_zone(zone)):%Y-%m-%d %H:%M}"


def parse_instant(text: str) -> datetime:
    """Read an RFC 3339 time with an offset and return the instant in UTC, to the microsecond.

    Raises:
        InvalidInstant: the text is no time.
        NaiveInstant: it is one, without an offset.
    """
    if not _RFC3339.fullmatch(text):
        raise InvalidInstant(value=text)
    try:
        at = datetime.fromisoformat(text)
        return at if at.tzinfo is UTC else as_utc(at)
    except (ValueError, OverflowError):
        raise InvalidInstant(value=text) from None


def resolve_local(
    wall: datetime, zone: str, *, second: bool = False, backward: bool = False
) -> datetime:
    """Return the instant of a naive wall-clock time in a zone.

    A time that a clock change skips moves forward by the length of the gap, or ``backward``; one
    that happens twice is the first of the two, or the ``second``.

    Raises:
        UnknownZone: see ``load_zone``.
    """
    rules = load_zone(zone)
    early, late = (wall.replace(tzinfo=rules, fold=fold).astimezone(UTC) for fold in (0, 1))
    if early < late:  # it happens twice
        return late if second else early
    return late if backward else early


@lru_cache(maxsize=8192)
def local_day_start(day: date, zone: str) -> datetime:
    """Return the first instant of a local day.

    That is midnight, or where a clock change skips midnight, the first instant after the gap. A
    day that a zone skipped whole (Apia, 30 December 2011) starts, and ends, where the next begins.

    Raises:
        UnknownZone: see ``load_zone``.
    """
    rules = load_zone(zone)
    midnight = datetime.combine(day, time.min, rules)
    late = midnight.astimezone(UTC)
    if late.astimezone(rules).replace(tzinfo=None) == midnight.replace(tzinfo=None):
        return late
    early = midnight.replace(fold=1).astimezone(UTC)
    while late - early > timedelta(seconds=1):  # the gap's end lies in (early, late]
        middle = (early + (late - early) / 2).replace(microsecond=0)
        if middle.astimezone(rules).date() < day:
            early = middle
        else:
            late = middle
    return late


def local_date(at: datetime, zone: str) -> date:
    """Return the local day an instant belongs to; later instants never belong to earlier days.

    Raises:
        UnknownZone: see ``load_zone``.
        NaiveInstant: ``at`` carries no zone.
    """
    day = as_utc(at).astimezone(load_zone(zone)).date()
    # A clock set back across midnight repeats part of the day before: it stays in the new day.
    following = day + _DAY
    return following if local_day_start(following, zone) <= at else day
