"""Billing in memory: the pure engine over timelines, with usage as a function of time."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from billing.domain.billed import MemoryBilledView
from billing.domain.converge import Ask, Instant, Settled, asks, booked, owing, settle
from billing.domain.instants import next_instant
from billing.domain.items import PolicyBook, reach_of
from billing.domain.rating import Measured
from control_plane.catalog.domain import LatePolicy
from control_plane.kernel.calendar import Period
from control_plane.kernel.ids import InvoiceId
from control_plane.subscriptions.domain import Timeline
from metering.domain.usage import Usage
from tests.support.billing import LINES, VERSIONS

INSTANT = timedelta(microseconds=1)
Quantity = Callable[[Period], Decimal]


def a_line_an_hour(period: Period) -> Decimal:
    return Decimal(round(period.length / timedelta(hours=1)))


@dataclass
class MemoryBilling:
    """What was billed so far, document by document."""

    quantity: Quantity = a_line_an_hour
    policies: PolicyBook = field(default_factory=PolicyBook)
    view: MemoryBilledView = field(default_factory=MemoryBilledView)
    closed: datetime | None = None
    issued: list[tuple[datetime, Settled]] = field(default_factory=list)

    def close(self, timelines: Iterable[Timeline], upto: datetime) -> None:
        """Converge at every instant up to one, by what was known at each."""
        timelines = list(timelines)
        start = min(t.started_at for t in timelines)
        closed = self.closed or start - INSTANT
        while (at := next_instant(timelines, closed, VERSIONS)) is not None and at <= upto:
            self.converge([k for t in timelines if (k := t.known_by(at))], at, closed)
            closed = at
        self.closed = closed

    def converge(
        self,
        timelines: list[Timeline],
        at: datetime,
        after: datetime,
        reach: datetime | None = None,
    ) -> Settled:
        found = {}
        for timeline in timelines:
            known = [r for r in (reach_of(timeline, at), reach) if r is not None]
            if known:
                found[timeline.subscription_id] = min(known)
        instant = Instant(at, after, "1:1:", None, found)
        items = owing(timelines, VERSIONS, self.policies, instant)
        wanted = asks(
            items,
            self.view,
            instant,
            late={LINES.code: LatePolicy.CORRECT},
            ended={t.subscription_id: t.ended_at for t in timelines},
        )
        measured = {ask.item.key: self._measure(ask) for ask in wanted}
        settled = settle(items, self.view, measured, instant)
        self.view = booked(self.view, settled, wanted, InvoiceId(UUID(int=len(self.issued))))
        self.issued.append((at, settled))
        return settled

    def _measure(self, ask: Ask) -> Measured:
        return Measured(LINES, Usage(self.quantity(ask.period), 1, "00" * 32))

    def standing(self) -> dict[str, int]:
        """What stands billed of each item, in minor units; what came to nothing left out."""
        return {k: b.amount.minor for k, b in self.view.items.items() if b.amount.minor}
