"""Books kept in memory: what is owed, less what stands billed, without any documents."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from billing.domain.items import Item, PolicyBook, next_due_at, owed_items, owed_keys, reach_of
from billing.domain.lines import Versions
from billing.domain.pricing import Usage
from billing.domain.rating import Measured, Rated, rate_items
from billing.domain.together import neighbours_since, rounds_together
from control_plane.catalog.domain import Meter
from control_plane.kernel.calendar import Period
from control_plane.kernel.money import Money
from control_plane.subscriptions.domain import Timeline
from tests.support.billing import LINES

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
Measure = Callable[[Meter, Period], Usage]


def no_usage(meter: Meter, period: Period) -> Usage:
    del meter, period
    return Usage(Decimal(0), 0)


@dataclass
class Books:
    """What stands billed of each item (minor units), converged instant by instant."""

    versions: Versions
    policies: PolicyBook = field(default_factory=PolicyBook)
    measure: Measure = no_usage
    meters: Mapping[str, Meter] = field(default_factory=lambda: {LINES.code: LINES})
    billed: dict[str, int] = field(default_factory=dict)
    items: dict[str, Item] = field(default_factory=dict)
    closed: datetime = EPOCH

    def rate(self, items: tuple[Item, ...]) -> tuple[Rated, ...]:
        measured = {
            item.key: Measured(self.meters[item.meter], self.measure(self.meters[item.meter], m))
            for item in items
            if (m := item.measure) is not None
        }
        return rate_items(items, measured, self._standing)

    def _standing(self, key: str) -> Money | None:
        if key not in self.billed:
            return None
        return Money(self.billed[key], self.items[key].currency)

    def converge(self, timeline: Timeline, at: datetime, reach: datetime | None = None) -> None:
        """Bring what stands billed to what is owed at an instant."""
        acting = reach_of(timeline, at)
        reaches = [r for r in (acting, reach) if r is not None]
        back = min(reaches, default=None)
        after = self.closed
        if back is not None and rounds_together(self.versions, self.policies):
            after = min(after, neighbours_since(self.versions, back))
        items = owed_items(timeline, self.versions, self.policies, at=at, after=after, reach=back)
        for rated in self.rate(items):
            self.billed[rated.item.key] = rated.owed.minor
            known = self.items.get(rated.item.key)
            end = rated.item.service.end
            self.items[rated.item.key] = rated.item
            if known is not None and known.service.end > end:
                self.items[rated.item.key] = known
        if back is not None:
            still = owed_keys(timeline, self.versions, self.policies, at=at)
            for key, item in self.items.items():
                if item.service.end > back and key not in still:
                    self.billed[key] = 0
        self.closed = max(self.closed, at)

    def run(self, timeline: Timeline, upto: datetime) -> None:
        """Converge every instant up to one, in order."""
        while (at := next_due_at(timeline, self.closed, self.versions)) is not None and at <= upto:
            self.converge(timeline, at)

    def standing(self, besides: Collection[str] = ()) -> dict[str, int]:
        """What stands billed of each item; what came to nothing left out."""
        return {key: n for key, n in self.billed.items() if n and key not in besides}

    def by_charge(self, besides: Collection[str] = ()) -> dict[str, int]:
        """Net owed per charge code (add-ons by theirs), without what came to nothing."""
        found: dict[str, int] = {}
        for key in self.billed.keys() - set(besides):
            minor = self.billed[key]
            item = self.items[key]
            found[item.charge_code] = found.get(item.charge_code, 0) + minor
        return {code: minor for code, minor in found.items() if minor}


def at_once(books: Books, timeline: Timeline, at: datetime) -> Books:
    """The same books at an instant, made from nothing in one go."""
    fresh = Books(books.versions, books.policies, books.measure, books.meters)
    fresh.closed = timeline.started_at - timedelta(days=4000)
    fresh.converge(timeline, at)
    return fresh


def owed_at_once(books: Books, timeline: Timeline, at: datetime) -> dict[str, int]:
    """What is owed at an instant, computed from nothing in one go."""
    return at_once(books, timeline, at).by_charge()
