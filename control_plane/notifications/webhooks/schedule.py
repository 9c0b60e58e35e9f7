"""When a delivery that failed is tried again."""

from datetime import timedelta

MOST_TRIES = 12
"""The first at once, the last about 23 hours later."""

_FIRST = timedelta(seconds=5)
_LONGEST = timedelta(hours=6)

JITTER = range(800, 1201)
"""Thousandths of the pause: a fifth less to a fifth more, so that what failed together parts."""


def pause_after(tries: int, *, jitter: int, asked: timedelta = timedelta(0)) -> timedelta | None:
    """Return the pause after so many failed tries; None: it is given up.

    Five seconds, then three times as long each time, six hours at most.

    Args:
        tries: failed tries since the first, or since the last replay.
        jitter: thousandths of the pause, one of `JITTER`.
        asked: what the endpoint's ``Retry-After`` said; kept to up to the longest pause.
    """
    if tries >= MOST_TRIES:
        return None
    growth: int = 3 ** max(0, tries - 1)
    pause = min(_FIRST * growth, _LONGEST)
    return max(pause * jitter // 1000, min(asked, _LONGEST))
