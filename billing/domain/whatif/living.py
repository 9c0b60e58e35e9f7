"""Lives through timelines instant by instant, with a memory instead of a database.

It is billing's own engine: what is owed less what stands billed, at each instant at which anything
falls due or a recorded change acts, in order.
"""

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from billing.domain.billed import NOTHING_BILLED, MemoryBilledView
from billing.domain.converge import Ask, Cut, Instant, Settled, asks, booked, owing, settle
from billing.domain.items import (
    PolicyBook,
    acting_instants,
    next_due_at,
    owed_keys,
    reach_of,
)
from billing.domain.lines import Versions
from billing.domain.rating import InvoiceLine, Measured
from control_plane.kernel.ids import InvoiceId
from control_plane.subscriptions.domain import Timeline

_BEFORE = timedelta(microseconds=1)
LOOK = "1:1:"
"""The one look at the usage that everything is measured by, as a saved snapshot's text."""


@dataclass(frozen=True, slots=True)
class World:
    """What is lived through: subscriptions, the versions they name, and the tenant's policies."""

    timelines: tuple[Timeline, ...]
    versions: Versions
    policies: PolicyBook
    cutoff: str = LOOK


@dataclass(frozen=True, slots=True)
class Moment:
    """What one instant came to: the lines of an invoice, and what is taken back of earlier ones.

    ``before`` is what stood billed until then.
    """

    at: datetime
    invoice_id: InvoiceId
    settled: Settled
    before: MemoryBilledView

    @property
    def lines(self) -> tuple[InvoiceLine, ...]:
        """The lines to invoice, none negative."""
        return self.settled.lines

    @property
    def cuts(self) -> tuple[Cut, ...]:
        """What is taken back of lines invoiced before."""
        return self.settled.cuts


Measuring: TypeAlias = Generator[Sequence[Ask], Mapping[str, Measured], Moment]
"""Yields what has to be measured, is sent the answers by item key, and returns what came of it."""


@dataclass(slots=True)
class Life:
    """One tenant's life, as far as it was lived: what stands billed of every item."""

    world: World
    view: MemoryBilledView = NOTHING_BILLED

    @property
    def begins(self) -> datetime:
        """The instant just before anything is owed."""
        return min(timeline.started_at for timeline in self.world.timelines) - _BEFORE

    def instants(self, upto: datetime) -> Iterator[datetime]:
        """Yield every instant at which something may be due, in order, through ``upto``.

        What started before it was known is due all at once when it becomes known.
        """
        timelines = self.world.timelines
        at = min(timeline.changes[0].acts_at for timeline in timelines) - _BEFORE
        while True:
            upcoming = (self._next(timeline, at, upto) for timeline in timelines)
            found = min((n for n in upcoming if n is not None), default=None)
            if found is None or found > upto:
                return
            yield found
            at = found

    def live(self, at: datetime, after: datetime, invoice_id: InvoiceId) -> Measuring:
        """Converge one instant, everything up to ``after`` having been lived, and remember it."""
        world = self.world
        reaches = {t.subscription_id: reach_of(t, at) for t in world.timelines}
        reach = {key: back for key, back in reaches.items() if back is not None}
        instant = Instant(at, after, world.cutoff, world.cutoff, reach)
        items = owing(world.timelines, world.versions, world.policies, instant)
        ended = {t.subscription_id: t.ended_at for t in world.timelines}
        wanted = asks(items, self.view, instant, late={}, ended=ended)
        measured = yield wanted
        known = (
            key
            for timeline in world.timelines
            if timeline.subscription_id in reach
            for key in owed_keys(timeline, world.versions, world.policies, at=at)
        )
        settled = settle(items, self.view, measured, instant, known=known)
        before, self.view = self.view, booked(self.view, settled, wanted, invoice_id)
        return Moment(at, invoice_id, settled, before)

    def _next(self, timeline: Timeline, after: datetime, upto: datetime) -> datetime | None:
        due = next_due_at(timeline, after, self.world.versions)
        acting = acting_instants(timeline, after, upto)[:1]
        return min((at for at in (due, *acting) if at is not None), default=None)
