"""Overlapping grants of one feature, flattened into windows in a row."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise

from control_plane.catalog.domain import Grant
from control_plane.kernel.exact import EXACT
from control_plane.sdk.snapshot import Window

_FOREVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one thing bought gives of one feature, in ``[start, end)`` (None: no end known).

    ``source`` names it, such as ``plan:growth@1``.
    """

    start: datetime
    end: datetime | None
    grant: Grant
    source: str

    @property
    def until(self) -> datetime:
        """The end, as an instant that compares."""
        return _FOREVER if self.end is None else self.end


def flatten(contributions: Iterable[Contribution]) -> tuple[Window, ...]:
    """Return windows, in order and apart from each other, that grant what all give together.

    Limits that hold at the same time add up; a yes stays a yes. A window's
    source joins those it holds, in the order given. Neighbours that say the same
    are one window.
    """
    given = [c for c in contributions if c.start < c.until]
    edges = sorted({edge for c in given for edge in (c.start, c.until)})
    windows: list[Window] = []
    for start, end in pairwise(edges):
        holding = [c for c in given if c.start <= start and end <= c.until]
        if holding:
            _extend(windows, _window(start, end, holding))
    return tuple(windows)


def _window(start: datetime, end: datetime, holding: Sequence[Contribution]) -> Window:
    limits = [c.grant for c in holding if not isinstance(c.grant, bool)]
    return Window(
        start=start,
        end=None if end == _FOREVER else end,
        source="+".join(dict.fromkeys(c.source for c in holding)),
        value=_total(limits) if limits else None,
    )


def _total(limits: Sequence[Decimal]) -> Decimal:
    total = Decimal(0)
    for limit in limits:
        total = EXACT.add(total, limit)
    return total


def _extend(windows: list[Window], window: Window) -> None:
    """Append a window, or lengthen the last one when it says the same and ends here."""
    last = windows[-1] if windows else None
    same = last is not None and (last.value, last.source) == (window.value, window.source)
    if last is not None and same and last.end == window.start:
        windows[-1] = replace(last, end=window.end)
    else:
        windows.append(window)
