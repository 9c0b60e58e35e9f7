"""What the totals must be: added up from the facts, by nothing of metering."""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal

from control_plane.catalog.domain import Aggregation
from control_plane.kernel.ids import TenantId
from control_plane.kernel.period import Period
from metering.domain.windows import Window
from metering.ports import UsageStore
from tests.support.known_usage.facts import Facts, Told
from tests.support.usage import meter


@dataclass(slots=True)
class Sums:
    """What stands of a month."""

    events: int = 0
    lines: int = 0
    units: Decimal = Decimal(0)
    most: int = 0
    endpoints: set[str] = field(default_factory=set)
    latest: tuple[datetime, str, str, int] | None = None

    def add(self, told: Told) -> None:
        self.events += 1
        self.lines += told.lines
        self.units += Decimal(told.units)
        self.most = max(self.most, told.lines)
        self.endpoints.add(told.endpoint)
        place = (told.time, told.source, told.id, told.lines)
        self.latest = place if self.latest is None else max(self.latest, place)


@dataclass(frozen=True, slots=True)
class Answer:
    """The totals of facts by month of UTC, and lines by day."""

    months: dict[datetime, Sums]
    days: dict[datetime, int]

    @classmethod
    def of(cls, facts: Facts) -> "Answer":
        months: dict[datetime, Sums] = defaultdict(Sums)
        days: dict[datetime, int] = defaultdict(int)
        for n in range(facts.count):
            told = facts.standing(n)
            if told is not None:
                day = told.time.replace(hour=0, minute=0, second=0, microsecond=0)
                months[day.replace(day=1)].add(told)
                days[day] += told.lines
        return cls(dict(months), dict(days))

    async def differences(self, store: UsageStore, tenant_id: TenantId) -> list[str]:
        """Ask a store for everything that is known, and tell where it says otherwise."""
        cutoff = await store.cutoff()
        found = []
        for start, sums in self.months.items():
            period = Period(start, _next_month(start))
            for name, (asked, known) in _questions(sums).items():
                total = await store.total(tenant_id, asked, period, cutoff=cutoff, since=None)
                if (total.quantity, total.events) != (known, sums.events):
                    found.append(
                        f"{start:%Y-%m} {name}: {total.quantity} of {total.events} events, "
                        f"known are {known} of {sums.events}"
                    )
            series = await store.series(tenant_id, meter(), period, Window.DAY, "UTC")
            found += [
                f"{point.start:%Y-%m-%d}: {point.quantity}, known are {self.days.get(point.start)}"
                for point in series
                if point.quantity != self.days.get(point.start, 0)
            ]
        return found


def _questions(sums: Sums):
    assert sums.latest is not None
    lines, endpoint = meter(), meter(property_="endpoint")
    return {
        "events": (meter(property_=None), sums.events),
        "lines": (lines, sums.lines),
        "units": (meter(property_="units"), sums.units),
        "most lines": (replace(lines, aggregation=Aggregation.MAX), sums.most),
        "latest lines": (replace(lines, aggregation=Aggregation.LATEST), sums.latest[3]),
        "endpoints": (replace(endpoint, aggregation=Aggregation.UNIQUE), len(sums.endpoints)),
    }


def _next_month(start: datetime) -> datetime:
    year, month = divmod(start.year * 12 + start.month, 12)
    return datetime(year, month + 1, 1, tzinfo=UTC)
