"""Overlapping grants of one feature, flattened into windows in a row."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from enum import IntEnum
from itertools import pairwise
from typing import TypeAlias

from control_plane.catalog.domain import Feature, FeatureKind, Grant, Rate
from control_plane.kernel.exact import EXACT
from control_plane.sdk.snapshot import Window

_FOREVER = datetime.max.replace(tzinfo=UTC)


class Level(IntEnum):
    """Where a contribution comes from; of a configuration's values the highest level's holds."""

    PLAN = 0
    ADDON = 1
    GRANT = 2
    OVERRIDE = 3
    """The last word: nothing else counts while one holds."""


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one thing gives of one feature, in ``[start, end)`` (None: no end known).

    ``source`` names it, such as ``plan:growth@1``. Among those of one level the greater
    ``order`` comes first. An override's grant may be False: it takes the feature away.
    """

    start: datetime
    end: datetime | None
    grant: Grant
    source: str
    level: Level = Level.PLAN
    order: int = 0

    @property
    def until(self) -> datetime:
        """The end, as an instant that compares."""
        return _FOREVER if self.end is None else self.end


Value: TypeAlias = tuple[Decimal | str | None, Decimal | None]
"""A window's value and burst."""


def flatten(contributions: Iterable[Contribution], feature: Feature) -> tuple[Window, ...]:
    """Return windows, in order and apart from each other, that grant what all give together.

    Units, places, seats and rates that hold at the same time add up; a yes stays a yes; of a
    configuration's values one holds: the highest level's, there the first in order, then the
    greatest number or latest choice. A window's source joins those it holds, in the order
    given. Neighbours that say the same are one window.
    """
    given = [c for c in contributions if c.start < c.until]
    if len(given) == 1:
        (only,) = given
        holding = in_force(given, feature)
        return (_window(only.start, only.until, holding, feature),) if holding else ()
    edges = sorted({edge for c in given for edge in (c.start, c.until)})
    windows: list[Window] = []
    for start, end in pairwise(edges):
        holding = in_force([c for c in given if c.start <= start and end <= c.until], feature)
        if holding:
            _extend(windows, _window(start, end, holding, feature))
    return tuple(windows)


def in_force(holding: Sequence[Contribution], feature: Feature) -> Sequence[Contribution]:
    """Return those, of what holds at one instant, that make the value: none, when it is denied."""
    overriding = [c for c in holding if c.level is Level.OVERRIDE]
    if overriding:
        holding = [max(overriding, key=lambda c: c.order)]
    given = [c for c in holding if c.grant is not False]
    if feature.kind is FeatureKind.CONFIGURATION and given:
        return [max(given, key=lambda c: (c.level, c.order, _rank(c.grant, feature), c.start))]
    return given


def value_of(holding: Sequence[Contribution], feature: Feature) -> Value:
    """Return what those in force come to."""
    if feature.kind is FeatureKind.BOOLEAN:
        return None, None
    if feature.kind is FeatureKind.CONFIGURATION:
        value = holding[0].grant
        return (value if isinstance(value, Decimal | str) else None), None
    rates = [c.grant for c in holding if isinstance(c.grant, Rate)]
    if feature.kind is FeatureKind.RATE:
        return _total(r.per_second for r in rates), _total(r.burst for r in rates)
    return _total(c.grant for c in holding if isinstance(c.grant, Decimal)), None


def _rank(grant: Grant, feature: Feature) -> Decimal:
    if isinstance(grant, str):
        known = grant in feature.choices
        return Decimal(feature.choices.index(grant) if known else -1)
    return grant if isinstance(grant, Decimal) else Decimal(0)


def _window(
    start: datetime, end: datetime, holding: Sequence[Contribution], feature: Feature
) -> Window:
    value, burst = value_of(holding, feature)
    return Window(
        start=start,
        end=None if end == _FOREVER else end,
        source="+".join(dict.fromkeys(c.source for c in holding)),
        value=value,
        burst=burst,
    )


def _total(amounts: Iterable[Decimal]) -> Decimal:
    total = Decimal(0)
    for amount in amounts:
        total = EXACT.add(total, amount)
    return total


def _extend(windows: list[Window], window: Window) -> None:
    """Append a window, or lengthen the last one when it says the same and ends here."""
    last = windows[-1] if windows else None
    if last is not None and last.end == window.start and _says(last) == _says(window):
        windows[-1] = replace(last, end=window.end)
    else:
        windows.append(window)


def _says(window: Window) -> tuple[object, ...]:
    return window.value, window.burst, window.source
