"""Lives through timelines instant by instant, with a memory instead of a database.

It is billing's own engine: what is owed less what stands billed, at each instant at which anything
falls due or a recorded change acts, in order.
"""

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeAlias

from billing.domain.billed import Billed, BilledLine, MemoryBilledView
from billing.domain.converge import Ask, Cut, Instant, Settled, asks, owing, settle
from billing.domain.items import (
    PolicyBook,
    acting_instants,
    next_due_at,
    open_items,
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
    """What one instant came to: the lines of an invoice, and what is taken back of earlier ones."""

    at: datetime
    invoice_id: InvoiceId
    settled: Settled

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
    items: dict[str, Billed] = field(default_factory=dict)
    cutoffs: dict[datetime, str] = field(default_factory=dict)

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
        view = MemoryBilledView(self.items, self.cutoffs)
        ended = {t.subscription_id: t.ended_at for t in world.timelines}
        wanted = asks(items, view, instant, late={}, ended=ended)
        measured = yield wanted
        opening = (
            item.key
            for timeline in world.timelines
            if timeline.subscription_id in reach
            for item in open_items(timeline, world.versions, world.policies, at=at)
        )
        settled = settle(items, view, measured, instant, opening=opening)
        moment = Moment(at, invoice_id, settled)
        self._remember(moment, {ask.item.key: ask for ask in wanted})
        return moment

    def _next(self, timeline: Timeline, after: datetime, upto: datetime) -> datetime | None:
        due = next_due_at(timeline, after, self.world.versions)
        acting = acting_instants(timeline, after, upto)[:1]
        return min((at for at in (due, *acting) if at is not None), default=None)

    def _remember(self, moment: Moment, asked: Mapping[str, Ask]) -> None:
        for line in moment.lines:
            self._add(moment.invoice_id, line, asked.get(line.item_key))
        for cut in moment.cuts:
            self._take(cut)

    def _add(self, invoice_id: InvoiceId, line: InvoiceLine, ask: Ask | None) -> None:
        new = BilledLine(line.key, invoice_id, line.amount)
        known = self.items.get(line.item_key)
        if known is None:
            known = Billed(line.subscription_id, line.service.end, line.amount, line.revision)
            known = replace(known, lines=(new,))
        else:
            known = replace(
                known,
                amount=known.amount + line.amount,
                revision=line.revision,
                service_end=line.service.end,
                lines=(new, *known.lines),
            )
        if ask is not None:
            known = replace(known, cutoff=ask.cutoff, since=ask.since)
        self.items[line.item_key] = known

    def _take(self, cut: Cut) -> None:
        known = self.items[cut.item_key]
        lines = tuple(
            replace(line, left=line.left - cut.amount) if line.line_key == cut.line_key else line
            for line in known.lines
        )
        self.items[cut.item_key] = replace(
            known, amount=known.amount - cut.amount, revision=cut.revision, lines=lines
        )
