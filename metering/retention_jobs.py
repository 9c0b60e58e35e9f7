"""What metering does once in a while: months are made ahead, and old ones are dropped."""

from dataclasses import dataclass
from datetime import date, timedelta

from control_plane.kernel.clock import Clock
from control_plane.runtime.unit_of_work import SystemWork
from metering.domain.retention import month_start
from metering.services.apply_retention import ApplyRetention
from metering.stores.months_sql import make_month, usage_months

MONTHS_AHEAD = 3
_LONGER_THAN_A_MONTH = timedelta(days=32)


@dataclass(frozen=True, slots=True)
class MakeUsageMonths:
    """Makes the places of this month's events and of the next three.

    An event of a time without a place is kept all the same, apart from the months; what of it
    belongs to a month moves there when that is made.
    """

    system: SystemWork
    clock: Clock
    name: str = "make-usage-months"
    every_seconds: float = 3_600.0

    async def run(self) -> int:
        """Make what is missing and return how many that were."""
        at, made = month_start(self.clock.now()), 0
        async with self.system() as session:
            known = {month.start for month in await usage_months(session)}
        for _ in range(MONTHS_AHEAD + 1):
            if at not in known:
                async with self.system() as session:
                    await make_month(session, at)
                made += 1
            at = month_start(at + _LONGER_THAN_A_MONTH)
        return made


@dataclass(slots=True)
class DropOldUsage:
    """Applies the retention policy once a day in each worker; see `ApplyRetention`.

    It ticks more often, so that a worker that is started anew every day comes to it, too.
    """

    retain: ApplyRetention
    clock: Clock
    name: str = "drop-old-usage"
    every_seconds: float = 3_600.0
    _done_on: date | None = None

    async def run(self) -> int:
        """Drop what may go, and return how many months and rows that were."""
        today = self.clock.now().date()
        if self._done_on == today:
            return 0
        done = await self.retain()
        self._done_on = today
        return done.months + done.events + done.identities
