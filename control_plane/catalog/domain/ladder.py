"""The ladder of non-payment: how many days overdue each standing begins, by the plan."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from control_plane.sdk.snapshot import Standing

RUNGS: Final = (
    Standing.GRACE,
    Standing.READ_ONLY,
    Standing.SUSPENDED,
    Standing.RETAINED,
    Standing.PURGED,
)
"""The steps of every ladder, the mildest first. None is ever passed over."""

DEFAULT_DAYS: Final = MappingProxyType(
    {
        Standing.GRACE: 0,
        Standing.READ_ONLY: 14,
        Standing.SUSPENDED: 30,
        Standing.RETAINED: 60,
        Standing.PURGED: 150,
    }
)
"""Local days after the oldest open invoice fell overdue, for steps that a ladder does not name."""

DEFAULT_NOTICE: Final = 3
LONGEST_NOTICE: Final = 30
LONGEST_LADDER_DAYS: Final = 3_650


@dataclass(frozen=True, slots=True)
class Ladder:
    """What happens, and when, to whoever does not pay.

    ``days`` are local days since the oldest open invoice fell overdue, rising from step to step;
    it ends before the first step that it does not hold. A step is announced at least ``notice``
    local days before it is taken.
    """

    days: tuple[int, ...] = tuple(DEFAULT_DAYS.values())
    notice: int = DEFAULT_NOTICE

    @property
    def rungs(self) -> tuple[Standing, ...]:
        """The steps that it holds, the mildest first."""
        return RUNGS[: len(self.days)]

    def day_of(self, standing: Standing) -> int | None:
        """Return how many days overdue a step begins; None where it never does."""
        return dict(zip(RUNGS, self.days, strict=False)).get(standing)

    def after(self, standing: Standing) -> Standing | None:
        """Return the next step down; None at the ladder's end."""
        index = 0 if standing is Standing.ACTIVE else RUNGS.index(standing) + 1
        return RUNGS[index] if index < len(self.days) else None

    def milder(self, other: "Ladder") -> "Ladder":
        """Return the ladder that takes every step when the later of the two does, if both do."""
        later = (max(pair) for pair in zip(self.days, other.days, strict=False))
        return Ladder(tuple(later), max(self.notice, other.notice))
