"""Which buckets make up a period: UTC days, quarter hours beside them, and slivers at its ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from control_plane.kernel.period import Period

QUARTER = timedelta(minutes=15)
DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Cover:
    """A period as whole days, whole quarter hours, and slivers shorter than one.

    ``rolled`` is all of it but the slivers, None where there is nothing else.
    """

    days: tuple[Period, ...]
    quarters: tuple[Period, ...]
    slivers: tuple[Period, ...]
    rolled: Period | None


def cover(period: Period) -> Cover:
    """Cover a period with as few buckets as there are."""
    rolled = _within(period, QUARTER)
    if rolled is None:
        return Cover((), (), (period,) if period.start < period.end else (), None)
    days = _within(rolled, DAY)
    return Cover(
        days=() if days is None else (days,),
        quarters=(rolled,) if days is None else _beside(rolled, days),
        slivers=_beside(period, rolled),
        rolled=rolled,
    )


def quarters_tile(tiles: Sequence[Period]) -> bool:
    """Tell whether windows meet on quarter hours, so that none but the ends needs the events."""
    return all(_floor(tile.start, QUARTER) == tile.start for tile in tiles[1:])


def _within(period: Period, length: timedelta) -> Period | None:
    """Return the whole buckets of a length within a period."""
    start, end = _ceiling(period.start, length), _floor(period.end, length)
    return Period(start, end) if start < end else None


def _beside(whole: Period, part: Period) -> tuple[Period, ...]:
    sides = ((whole.start, part.start), (part.end, whole.end))
    return tuple(Period(start, end) for start, end in sides if start < end)


def _floor(at: datetime, length: timedelta) -> datetime:
    return at - (at - _EPOCH) % length


def _ceiling(at: datetime, length: timedelta) -> datetime:
    return at + (_EPOCH - at) % length
