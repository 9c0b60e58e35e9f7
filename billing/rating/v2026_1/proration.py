"""Proration by local days.

A day belongs to the later state, and the denominator is the true length of the surrounding period:
a change on the 20th of a period that runs over October leaves 12 of 31 days, the 20th included.
"""

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from control_plane.kernel.calendar import Period, local_date


@dataclass(frozen=True, slots=True)
class DayShare:
    """``days`` of the ``of_days`` local days of a period."""

    days: int
    of_days: int

    @property
    def fraction(self) -> Fraction:
        """The exact ratio. A period without days (its zone skipped them) counts as whole."""
        return Fraction(self.days, self.of_days) if self.of_days else Fraction(1)

    @property
    def whole(self) -> bool:
        """Tell whether nothing is prorated."""
        return self.days == self.of_days


WHOLE = DayShare(1, 1)
"""All of a period, whatever its days."""


def days_after(period: Period, at: datetime, zone: str) -> DayShare:
    """Return the period's local days from the day of ``at`` on, that day included."""
    days, changed_on = period.days(zone), local_date(at, zone)
    return DayShare(sum(day >= changed_on for day in days), len(days))
