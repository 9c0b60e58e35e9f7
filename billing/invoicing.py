"""Converges one instant of one tenant: reads what stands billed, measures, takes the difference."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from billing.centres import Centres
from billing.domain.billed import NOTHING_BILLED, MemoryBilledView
from billing.domain.converge import Ask, Instant, Settled, asks, measurable, owing, settle
from billing.domain.groups.centres import NO_CENTRES, CentreTerms
from billing.domain.items import Item, PolicyBook, open_items, owed_keys, reach_of
from billing.domain.lines import Versions
from billing.domain.rating import Measured
from billing.domain.records import Account
from billing.late_usage import looking_back
from billing.repositories.billed import BilledRepository
from billing.shelf import Shelf
from control_plane.catalog.domain import LatePolicy, Meter
from control_plane.kernel.calendar import Period
from control_plane.kernel.ids import SubscriptionId, TenantId
from control_plane.subscriptions.domain import Timeline
from metering.ports import UsageStore, Wanted
from metering.stores.horizon_sql import kept_from

_NO_LOOK = ""
_INSTANT = timedelta(microseconds=1)


class Ledgered(Protocol):
    """What converging needs of a tenant's books."""

    @property
    def account(self) -> Account:
        """The account, locked."""

    @property
    def timelines(self) -> tuple[Timeline, ...]:
        """Every subscription of the tenant."""

    @property
    def versions(self) -> Versions:
        """The plan and add-on versions they name."""

    @property
    def policies(self) -> PolicyBook:
        """The policies in force."""


@dataclass(frozen=True, slots=True)
class UsageInput:
    """What was asked of the usage store for one item, and what it answered."""

    ask: Ask
    measured: Measured


@dataclass(frozen=True, slots=True)
class Convergence:
    """The difference at one instant, and everything it was computed from."""

    instant: Instant
    items: tuple[Item, ...]
    view: MemoryBilledView
    usage: tuple[UsageInput, ...]
    settled: Settled
    progressive: bool = False
    centres: CentreTerms = NO_CENTRES

    @property
    def cutoff(self) -> str | None:
        """The look at the usage, None where none was needed."""
        return self.instant.cutoff or None

    @property
    def empty(self) -> bool:
        """Whether there is nothing to issue."""
        return not self.settled.lines and not self.settled.cuts


@dataclass(frozen=True, slots=True)
class Rater:
    """Finds what is owed, and prices it by the usage measured."""

    usage: UsageStore
    shelf: Shelf = field(default_factory=Shelf)

    async def converge(
        self,
        session: AsyncSession,
        books: Ledgered,
        at: datetime,
        *,
        after: datetime,
        reach: datetime | None = None,
        cutoff: str | None = None,
        look_for_late: bool = False,
        supposed: MemoryBilledView = NOTHING_BILLED,
    ) -> Convergence:
        """Compute the difference at an instant, after everything up to ``after`` was closed.

        Usage is read as an earlier ``cutoff`` saw it, or as it is now. ``reach`` looks further back
        than the changes acting at the instant ask for; ``look_for_late`` as far as usage came late.
        ``supposed`` is what is taken as billed though it is not.

        Raises:
            MeterNotFound: the catalogue no longer defines a meter that was sold.
        """
        instant = Instant(
            at=at,
            after=after,
            cutoff=cutoff or _NO_LOOK,
            previous=books.account.usage_cutoff,
            reach=_reaches(books.timelines, at, reach),
        )
        if look_for_late and books.account.usage_cutoff is not None:
            instant = await self._with_late(session, books, instant)
        found = await self._at(session, books, instant, supposed)
        if back := [entry for entry in found.usage if entry.measured.usage.taken_back]:
            instant = await looking_back(
                self.usage,
                books.account.tenant_id,
                found.instant,
                [(entry.ask, entry.measured.meter) for entry in back],
            )
            found = await self._at(session, books, instant, supposed)
        return found

    async def progress(
        self, session: AsyncSession, books: Ledgered, at: datetime, *, cutoff: str | None = None
    ) -> Convergence:
        """Compute what the usage of the open periods comes to so far, less what was billed of it.

        Minimums and volume prices are left to the close.
        """
        instant = Instant(at, at, cutoff or _NO_LOOK, books.account.usage_cutoff, {})
        items = (item for item in opening(books, at) if item.progressive)
        clipped = tuple(item.so_far(at) for item in items if _has_begun(item, at))
        found = await self._settle(session, books, instant, clipped)
        return replace(found, progressive=True)

    async def _at(
        self,
        session: AsyncSession,
        books: Ledgered,
        instant: Instant,
        supposed: MemoryBilledView,
    ) -> Convergence:
        items = owing(books.timelines, books.versions, books.policies, instant)
        return await self._settle(session, books, instant, items, supposed)

    async def _settle(
        self,
        session: AsyncSession,
        books: Ledgered,
        instant: Instant,
        items: tuple[Item, ...],
        supposed: MemoryBilledView = NOTHING_BILLED,
    ) -> Convergence:
        tenant_id = books.account.tenant_id
        metered = [item for item in items if item.usage is not None]
        if metered and not instant.cutoff:
            instant = replace(instant, cutoff=await self.usage.cutoff())
        keys = {item.key for item in items} | {key for item in items for key in item.counts}
        keys |= {item.follows for item in metered if item.follows is not None}
        closed = {i.due_at for i in metered if i.due_at < instant.at}
        before = closed | {i.service.start for i in metered if i.follows is not None}
        known = await BilledRepository(session).view(tenant_id, keys, instant.reach, before)
        view = supposed.over(known)
        if instant.reach:
            items = measurable(items, view, await kept_from(session))
        meters = {i.usage.meter: await self.meter(session, i) for i in metered if i.usage}
        wanted = asks(
            items,
            view,
            instant,
            late={code or "": meter.late for code, meter in meters.items()},
            ended={t.subscription_id: t.ended_at for t in books.timelines},
        )
        usage = await self.answers(tenant_id, [(a, meters[_code(a.item)]) for a in wanted])
        measured = {entry.ask.item.key: entry.measured for entry in usage}
        settled = settle(items, view, measured, instant, known=_owed(books, instant))
        terms = books.account.cost_centres
        asked = {entry.ask.item.key: (entry.ask, entry.measured.meter) for entry in usage}
        lines = await Centres(self.usage, tenant_id, terms).sorted(settled.lines, asked)
        settled = replace(settled, lines=lines)
        return Convergence(instant, items, view, tuple(usage), settled, centres=terms)

    async def meter(self, session: AsyncSession, item: Item) -> Meter:
        """Return the meter of a usage item."""
        return await self.shelf.meter(session, _code(item) or "")

    async def answers(
        self,
        tenant_id: TenantId,
        asked: Sequence[tuple[Ask, Meter]],
        digests: Sequence[str] | None = None,
    ) -> list[UsageInput]:
        """Ask the usage store for items' usage, late events of earlier pieces included.

        With ``digests``, those of a document, everything is added up from the events themselves.
        """
        said: Sequence[str | None] = digests or [None] * len(asked)
        wanted = [_wanted(a, m, digest) for (a, m), digest in zip(asked, said, strict=True)]
        found = await self.usage.measure_all(tenant_id, wanted)
        return [
            UsageInput(ask, Measured(meter, usage))
            for (ask, meter), usage in zip(asked, found, strict=True)
        ]

    async def _with_late(self, session: AsyncSession, books: Ledgered, instant: Instant) -> Instant:
        """Look back as far as usage came late that corrects what was closed."""
        reach = dict(instant.reach)
        cutoff = instant.cutoff
        for timeline in books.timelines:
            for code in _meters_of(timeline, books.versions):
                meter = await self.shelf.meter(session, code)
                ended = timeline.ended_at is not None and timeline.ended_at <= instant.after
                if meter.late is LatePolicy.CURRENT_PERIOD and not ended:
                    continue
                cutoff = cutoff or await self.usage.cutoff()
                first = await self._first_late(books, meter, instant, cutoff)
                if first is not None:
                    known = reach.get(timeline.subscription_id, first)
                    reach[timeline.subscription_id] = min(known, first)
        return replace(instant, reach=reach, cutoff=cutoff)

    async def _first_late(
        self, books: Ledgered, meter: Meter, instant: Instant, cutoff: str
    ) -> datetime | None:
        closed = instant.after
        page = await self.usage.events(
            books.account.tenant_id,
            meter,
            Period(closed, closed + _INSTANT),
            cutoff=cutoff,
            since=books.account.usage_cutoff,
            after=None,
            limit=1,
        )
        first = page.events[0].time if page.events else None
        return first if first is not None and first < closed else None


def _wanted(ask: Ask, meter: Meter, digest: str | None) -> Wanted:
    if ask.item.usage is None:
        raise TypeError(f"item {ask.item.key} is priced by no usage")
    return Wanted(meter, ask.period, ask.cutoff, ask.since, ask.item.usage, digest)


def _has_begun(item: Item, at: datetime) -> bool:
    return item.measure is not None and item.measure.start < at


def _owed(books: Ledgered, instant: Instant) -> Iterable[str]:
    """Yield the keys of all that is owed or under way, of the subscriptions looked back at."""
    for timeline in books.timelines:
        if timeline.subscription_id in instant.reach:
            yield from owed_keys(timeline, books.versions, books.policies, at=instant.at)


def opening(books: Ledgered, at: datetime) -> Iterable[Item]:
    """Yield the items of the periods under way: what falls due next, and is not due yet."""
    for timeline in books.timelines:
        yield from open_items(timeline, books.versions, books.policies, at=at)


def _code(item: Item) -> str | None:
    return None if item.usage is None else item.usage.meter


def _reaches(
    timelines: Sequence[Timeline], at: datetime, reach: datetime | None
) -> Mapping[SubscriptionId, datetime]:
    found = {}
    for timeline in timelines:
        known = [r for r in (reach_of(timeline, at), reach) if r is not None]
        if known:
            found[timeline.subscription_id] = min(known)
    return found


def _meters_of(timeline: Timeline, versions: Versions) -> set[str]:
    """Return the meters that any plan of a subscription's life prices."""
    plans = {segment.plan_version_id for segment in timeline.segments}
    return {
        charge.meter
        for plan in plans
        for price in versions.plans[plan].prices
        for charge in price.charges
        if charge.meter is not None
    }
