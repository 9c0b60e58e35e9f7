"""Runs a scenario: its events into a store in memory, its life through billing's own engine."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from billing.domain.converge import Ask
from billing.domain.items import PolicyBook
from billing.domain.rating import Measured
from billing.domain.whatif.books import TENANT, Books, Terms
from billing.domain.whatif.living import Life, Measuring, Moment, World
from billing.domain.whatif.scenario import Scenario, id_of
from control_plane.catalog.domain import Aggregation, Charge, Meter
from control_plane.catalog.errors import MeterNotFound
from control_plane.kernel.ids import InvoiceId, TenantId
from metering.domain.events import UsageEvent
from metering.ports import UsageStore
from metering.stores.memory import MemoryUsageStore

Answering: TypeAlias = Callable[[Sequence[Ask]], Awaitable[Mapping[str, Measured]]]
"""Measures what a life asks for, and answers by item key."""


@dataclass(frozen=True, slots=True)
class Simulation:
    """What a scenario comes to: its documents in order, invoices and credit notes, as bodies."""

    currency: str
    documents: tuple[dict[str, Any], ...]

    @property
    def invoices(self) -> tuple[dict[str, Any], ...]:
        """The invoices, the earliest first."""
        return tuple(body for body in self.documents if body["kind"] == "invoice")

    @property
    def notes(self) -> tuple[dict[str, Any], ...]:
        """The credit notes, the earliest first."""
        return tuple(body for body in self.documents if body["kind"] == "credit_note")

    def sum_of(self, name: str) -> int:
        """Return an amount over all documents in minor units, credit notes taken off."""
        signs = {"invoice": 1, "credit_note": -1}
        return sum(signs[body["kind"]] * int(body[name]) for body in self.documents)


async def simulate(scenario: Scenario) -> Simulation:
    """Live through a scenario to its end, and return every document with its reasons."""
    world = World(scenario.timelines, scenario.versions, PolicyBook(scenario.policies))
    terms = Terms(
        currency=scenario.currency,
        zone=scenario.zone,
        policies=world.policies.general(),
        treatments=scenario.treatments,
        coupons=scenario.coupons,
    )
    books = Books(terms, list(scenario.credits))
    measure = EventsMeasuring(scenario.usage, scenario.meters)
    for moment in await live(world, scenario.until, measure):
        books.keep(moment)
    return Simulation(scenario.currency.code, tuple(books.documents))


@dataclass(frozen=True, slots=True)
class StoreMeasuring:
    """Answers what a life asks, from a usage store. One question is asked once."""

    store: UsageStore
    tenant_id: TenantId
    meters: Mapping[str, Meter]

    async def __call__(self, asks: Sequence[Ask]) -> dict[str, Measured]:
        """Return the answers by item key.

        Raises:
            MeterNotFound: nothing defines a meter that was sold.
        """
        return {ask.item.key: await self._answer(ask) for ask in asks}

    async def _answer(self, ask: Ask) -> Measured:
        meter, charge = meter_asked(ask, self.meters)
        usage = await self.store.measure(
            self.tenant_id, meter, ask.period, cutoff=ask.cutoff, since=ask.since, charge=charge
        )
        return Measured(meter, usage)


class EventsMeasuring:
    """Answers from events at hand, all of them known from the beginning."""

    def __init__(self, events: Sequence[UsageEvent], meters: Mapping[str, Meter]) -> None:
        self._meters = meters
        self._events: dict[str, list[UsageEvent]] = defaultdict(list)
        for event in sorted(_first_of_each(events), key=_time):
            self._events[event.type].append(event)
        self._times = {kind: [_time(e) for e in held] for kind, held in self._events.items()}

    async def __call__(self, asks: Sequence[Ask]) -> dict[str, Measured]:
        """Return the answers by item key.

        Raises:
            MeterNotFound: the scenario defines no such meter.
        """
        return {ask.item.key: await self._answer(ask) for ask in asks}

    async def _answer(self, ask: Ask) -> Measured:
        meter, charge = meter_asked(ask, self._meters)
        events = self._events[meter.event_type]
        # A level holds from whenever it was set; everything else counts what lies within.
        levels = meter.aggregation is Aggregation.WEIGHTED
        times = self._times.get(meter.event_type, [])
        first = 0 if levels else bisect_left(times, ask.period.start)
        last = bisect_left(times, ask.period.end)
        store = MemoryUsageStore.holding(TENANT, events[first:last])
        cutoff = await store.cutoff()
        usage = await store.measure(
            TENANT, meter, ask.period, cutoff=cutoff, since=None, charge=charge
        )
        return Measured(meter, usage)


def _first_of_each(events: Sequence[UsageEvent]) -> Iterable[UsageEvent]:
    """Leave out what says a source and an id that were said before, as ingest does."""
    first: dict[tuple[str, str], UsageEvent] = {}
    for event in events:
        first.setdefault((event.source, event.id), event)
    return first.values()


def _time(event: UsageEvent) -> datetime:
    return event.time


def meter_asked(ask: Ask, meters: Mapping[str, Meter]) -> tuple[Meter, Charge]:
    """Return the meter and the charge that something is measured for.

    Raises:
        MeterNotFound: nothing defines the meter.
    """
    charge, code = ask.item.usage, ask.item.meter
    if charge is None or code not in meters:
        raise MeterNotFound(meter_code=code)
    return meters[code], charge


async def live(world: World, until: datetime, measure: Answering) -> list[Moment]:
    """Live through a world up to ``until``, included, and return what each instant came to."""
    life, moments = Life(world), list[Moment]()
    after = life.begins
    for number, at in enumerate(life.instants(until), start=1):
        invoice_id = InvoiceId(id_of("invoice", number))
        moment = await _answered(life.live(at, after, invoice_id), measure)
        if moment.lines or moment.cuts:
            moments.append(moment)
        after = at
    return moments


async def _answered(steps: Measuring, measure: Answering) -> Moment:
    """Drive one instant: take its questions, send it the answers."""
    answers = await measure(next(steps))
    try:
        steps.send(answers)
    except StopIteration as done:
        moment: Moment = done.value
        return moment
    raise AssertionError("an instant asks once")
