"""Windows of a feature whose granted units last until they are used."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from control_plane.entitlements.domain.burning import Burning, Ledger, Stretch
from control_plane.entitlements.domain.grants import Reading, earliest
from control_plane.sdk.snapshot import Window


def with_balances(burning: Burning) -> tuple[Window, ...]:
    """Return the windows with what grants add to them.

    Each holds the limit of the whole period: what was used of it so far and what is left. Windows
    ahead hold the least that will be there. Those of periods that are over are left out.
    """
    edges = burning.edges()
    since = burning.period_of(burning.now).start
    stretches = (
        stretch for stretch in Ledger(burning).lay() if since is None or stretch.end > since
    )
    return tuple(
        _joined(
            [
                *_clipped(burning.base, None, edges[0]),
                *_granting(stretches),
                *_clipped(burning.base, edges[-1], None),
            ]
        )
    )


def next_turn(burning: Burning) -> datetime | None:
    """Return when balances may change by themselves next; None when they never do again."""
    now = burning.now
    ends = [grant.until for grant in burning.grants]
    if all(end is not None and end <= now for end in ends):
        return None
    turns = (at for at in burning.turns(now + burning.horizon) if at > now)
    return earliest(burning.period_of(now).end, min(turns, default=None))


def readings_due(burning: Burning) -> Iterator[Reading]:
    """Yield readings to take now: where something turned within the present period.

    What was used of a period that is over is known without; an instant is read once.
    """
    present = burning.period_of(burning.now)
    use = burning.uses.get(present.key)
    first = min(grant.starts_at for grant in burning.grants)
    for at in sorted(at for at in burning.turns(burning.now) if at >= first):
        within = burning.period_of(at).key == present.key and at != present.start
        if within and at not in burning.readings:
            yield Reading(at, present.key, 0 if use is None else use.units)


def _granting(stretches: Iterable[Stretch]) -> Iterator[Window]:
    for stretch in stretches:
        if stretch.limit is not None:
            yield Window(stretch.start, stretch.end, stretch.source, Decimal(stretch.limit))


def _clipped(
    windows: Iterable[Window], start: datetime | None, end: datetime | None
) -> Iterator[Window]:
    """Yield windows as far as they lie between two instants."""
    for window in windows:
        first = window.start if start is None else max(window.start, start)
        last = earliest(window.end, end)
        if last is None or first < last:
            yield replace(window, start=first, end=last)


def _joined(windows: Iterable[Window]) -> Iterator[Window]:
    """Yield windows with neighbours that say the same as one."""
    last: Window | None = None
    for window in windows:
        if last is not None and last.end == window.start and _same(last, window):
            last = replace(last, end=window.end)
        else:
            if last is not None:
                yield last
            last = window
    if last is not None:
        yield last


def _same(one: Window, other: Window) -> bool:
    return (one.value, one.source) == (other.value, other.source)
