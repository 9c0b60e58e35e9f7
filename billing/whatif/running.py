"""Runs a scenario: its events into a store in memory, its life through billing's own engine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from billing.domain.converge import Ask
from billing.domain.items import PolicyBook
from billing.domain.rating import Measured
from billing.domain.whatif.books import TENANT, Books, Terms
from billing.domain.whatif.living import Life, Measuring, Moment, World
from billing.domain.whatif.scenario import Scenario, id_of
from control_plane.catalog.domain import Meter
from control_plane.catalog.errors import MeterNotFound
from control_plane.kernel.ids import InvoiceId, TenantId
from metering.ports import UsageStore
from metering.stores.memory import MemoryUsageStore


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
    store = MemoryUsageStore()
    await store.ingest(TENANT, scenario.usage)
    world = World(
        timelines=scenario.timelines,
        versions=scenario.versions,
        policies=PolicyBook(scenario.policies),
        cutoff=await store.cutoff(),
    )
    terms = Terms(
        currency=scenario.currency,
        zone=scenario.zone,
        policies=world.policies.general(),
        treatments=scenario.treatments,
        coupons=scenario.coupons,
    )
    books = Books(terms, list(scenario.credits))
    measure = StoreMeasuring(store, TENANT, scenario.meters)
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
        charge, code = ask.item.usage, ask.item.meter
        if charge is None or code not in self.meters:
            raise MeterNotFound(meter_code=code)
        meter = self.meters[code]
        usage = await self.store.measure(
            self.tenant_id, meter, ask.period, cutoff=ask.cutoff, since=ask.since, charge=charge
        )
        return Measured(meter, usage)


async def live(world: World, until: datetime, measure: StoreMeasuring) -> list[Moment]:
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


async def _answered(steps: Measuring, measure: StoreMeasuring) -> Moment:
    """Drive one instant: take its questions, send it the answers."""
    answers = await measure(next(steps))
    try:
        steps.send(answers)
    except StopIteration as done:
        moment: Moment = done.value
        return moment
    raise AssertionError("an instant asks once")
