"""Time is an argument: whoever needs the present asks the clock it was given."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

from control_plane.kernel.instants import as_utc


class Clock(Protocol):
    """The present, in two forms: an instant for people, and seconds that never run backwards."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""

    def monotonic(self) -> float:
        """Return seconds from an arbitrary start; they only ever grow."""


class SystemClock:
    """The machine's clock; the one place in Tallyard that reads it."""

    def now(self) -> datetime:
        """Return the machine's present instant, aware, in UTC."""
        return datetime.now(UTC)  # noqa: TID251 - every other caller is handed this clock

    monotonic = staticmethod(time.monotonic)


class FakeClock:
    """A clock that stands still until it is told to move."""

    def __init__(self, at: datetime) -> None:
        self._at = as_utc(at)
        self._monotonic = 0.0

    def now(self) -> datetime:
        """Return the instant the clock was last set or advanced to."""
        return self._at

    def monotonic(self) -> float:
        """Return the seconds by which the clock was advanced in all."""
        return self._monotonic

    def advance(
        self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0
    ) -> None:
        """Move both forms of time forward."""
        by = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        if by < timedelta(0):
            raise ValueError(f"a clock is not advanced by {by}")
        self._at += by
        self._monotonic += by.total_seconds()

    def set(self, at: datetime) -> None:
        """Move to an instant; monotonic time passes too, unless the instant lies in the past."""
        at = as_utc(at)
        self._monotonic += max((at - self._at).total_seconds(), 0.0)
        self._at = at
