"""Which months of events may be dropped: old enough, and needed by nobody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from control_plane.kernel.ids import TenantId


class Kept(StrEnum):
    """Why a month's events stay."""

    YOUNG = "young"
    """It is not older than the policy says."""
    NEEDED = "needed"
    """Documents that are not issued yet are computed from them."""
    AFTER = "after"
    """An earlier month stays: what is kept has no gaps."""


@dataclass(frozen=True, slots=True)
class UsageMonth:
    """A month of events that lies by itself: ``[start, end)`` in UTC, and its size on disk."""

    name: str
    start: datetime
    end: datetime
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a month; ``kept`` is None where it goes. ``tenants`` need its events."""

    month: UsageMonth
    kept: Kept | None
    tenants: tuple[TenantId, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """How long events are kept, and the identities of those that were dropped.

    ``events`` None keeps them for ever; ``identities`` None keeps those for ever.
    """

    events: timedelta | None = None
    identities: timedelta | None = None

    @classmethod
    def of_days(cls, events: int, identities: int) -> "Policy":
        """Read settings, where 0 days are for ever."""
        return cls(
            timedelta(days=events) if events else None,
            timedelta(days=identities) if identities else None,
        )


def month_of(start: datetime, size_bytes: int) -> UsageMonth:
    """Return the month that starts then, by the name it has everywhere."""
    end = datetime(start.year + start.month // 12, start.month % 12 + 1, 1, tzinfo=start.tzinfo)
    return UsageMonth(f"usage_events_{start:%Y_%m}", start, end, size_bytes)


def together(*stores: Sequence[UsageMonth]) -> tuple[UsageMonth, ...]:
    """Return the months of all stores, each once, with what it takes in all of them."""
    found: dict[datetime, UsageMonth] = {}
    for month in (month for months in stores for month in months):
        size = month.size_bytes + (found[month.start].size_bytes if month.start in found else 0)
        found[month.start] = replace(month, size_bytes=size)
    return tuple(found[start] for start in sorted(found))


def month_start(at: datetime) -> datetime:
    """Return the start of the month of an instant in UTC."""
    return at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def verdicts(
    months: Sequence[UsageMonth],
    *,
    before: datetime,
    needed: Mapping[TenantId, datetime],
) -> tuple[Verdict, ...]:
    """Say of every month, in order, whether it goes.

    Args:
        months: the months there are, whatever their order.
        before: months that end by then are old enough.
        needed: from when on a tenant's events are needed; only tenants that have some from then
            until ``before``.
    """
    found: list[Verdict] = []
    for month in sorted(months, key=lambda m: m.start):
        holding = tuple(sorted(t for t, since in needed.items() if since < month.end))
        if month.end > before:
            found.append(Verdict(month, Kept.YOUNG))
        elif holding:
            found.append(Verdict(month, Kept.NEEDED, holding))
        elif found and found[-1].kept is not None:
            found.append(Verdict(month, Kept.AFTER))
        else:
            found.append(Verdict(month, None))
    return tuple(found)


def dropped_until(found: Sequence[Verdict], before: datetime) -> datetime:
    """Return the time before which nothing is needed: the start of the first month that stays."""
    return min([before, *(v.month.start for v in found if v.kept is not None)])
