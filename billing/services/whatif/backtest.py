"""Backtest: the real history of all tenants, rated again under another catalogue."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from billing.domain.items import PolicyBook
from billing.domain.lines import Versions
from billing.domain.whatif.backtest import (
    Backtest,
    Failure,
    Outcome,
    amounts_within,
    substitute,
)
from billing.domain.whatif.errors import HistoryEmpty
from billing.domain.whatif.living import World
from billing.repositories.accounts import AccountRepository
from billing.shelf import Shelf
from billing.whatif.running import StoreMeasuring, live
from control_plane.catalog.domain import Catalog, Meter
from control_plane.catalog.repository import CatalogRepository
from control_plane.catalog.source.reader import read_catalog
from control_plane.kernel.calendar import Period, instant_text
from control_plane.kernel.currency import currency
from control_plane.kernel.errors import TallyardError
from control_plane.kernel.ids import TenantId
from control_plane.kernel.money import Money
from control_plane.runtime.unit_of_work import StaffWork, UnitOfWork
from control_plane.subscriptions.domain import Timeline
from control_plane.subscriptions.repository import SubscriptionRepository
from metering.ports import UsageStore

_TENANTS = text(
    """
    SELECT a.tenant_id, o.name FROM billing_accounts a
    JOIN organisations o ON o.id = a.tenant_id
    WHERE NOT o.sandbox OR :sandboxes ORDER BY a.tenant_id
    """
)

Progress = Callable[[int, int], None]
"""Told how many tenants are done, and of how many."""


def silent(_done: int, _of: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class RunBacktest:
    """Live every tenant's history twice: by the prices it had, and by another catalogue's."""

    staff: StaffWork
    work: UnitOfWork
    usage: UsageStore

    async def __call__(
        self,
        source: str,
        period: Period,
        *,
        sandboxes: bool = False,
        progress: Progress = silent,
    ) -> Backtest:
        """Return what each tenant would have paid for what is dated within ``period``.

        All usage is looked at through one cut-off, and nothing is written. A tenant that cannot be
        rated is reported, and stops nobody.

        Raises:
            CatalogInvalid: the catalogue has problems, listed by line and column.
            HistoryEmpty: the period holds no time.
        """
        if period.end <= period.start:
            start, end = instant_text(period.start), instant_text(period.end)
            raise HistoryEmpty(start=start, end=end, field="to")
        catalog, cutoff = read_catalog(source), await self.usage.cutoff()
        async with self.staff() as session:
            tenants = (await session.execute(_TENANTS, {"sandboxes": sandboxes})).all()
        outcomes, failures = list[Outcome](), list[Failure]()
        for done, (tenant_id, name) in enumerate(tenants, start=1):
            look = _Look(TenantId(tenant_id), name, catalog, period, cutoff)
            try:
                outcomes.extend(await self._rate(look))
            except TallyardError as error:
                failures.append(Failure(look.tenant_id, name, str(error)))
            progress(done, len(tenants))
        ordered = sorted(outcomes, key=lambda o: (o.before.currency.code, -abs(o.difference.minor)))
        return Backtest(period, tuple(ordered), tuple(failures), cutoff)

    async def _rate(self, look: "_Look") -> Iterator[Outcome]:
        async with self.work(look.tenant_id) as session:
            timelines = await SubscriptionRepository(session).timelines(look.tenant_id)
            if not timelines:
                return iter(())
            versions = await Shelf().versions(session, timelines)
            policies = await _policies(session, look.tenant_id)
            meters = dict(await CatalogRepository(session).meters())
            measure = StoreMeasuring(self.usage, look.tenant_id, meters)
            before = await look.sums(timelines, versions, policies, measure)
            other = substitute(timelines, versions, look.catalog)
            measure = StoreMeasuring(self.usage, look.tenant_id, {**meters, **look.meters})
            after = await look.sums(other.timelines, other.versions, policies, measure)
        return look.outcomes(before, after, other.kept)


@dataclass(frozen=True, slots=True)
class _Look:
    """One tenant, and what its history is looked at by."""

    tenant_id: TenantId
    customer: str
    catalog: Catalog
    period: Period
    cutoff: str

    @property
    def meters(self) -> Mapping[str, Meter]:
        """The other catalogue's meters."""
        return self.catalog.meters

    async def sums(
        self,
        timelines: tuple[Timeline, ...],
        versions: Versions,
        policies: PolicyBook,
        measure: StoreMeasuring,
    ) -> Mapping[str, Money]:
        """Return what is dated within the period, by currency."""
        world = World(timelines, versions, policies, self.cutoff)
        return amounts_within(await live(world, self.period.end, measure), self.period)

    def outcomes(
        self, before: Mapping[str, Money], after: Mapping[str, Money], kept: tuple[str, ...]
    ) -> Iterator[Outcome]:
        """Yield an outcome for every currency that anything is dated in."""
        for code in sorted({*before, *after}):
            nothing = Money.zero(currency(code))
            yield Outcome(
                self.tenant_id,
                self.customer,
                before.get(code, nothing),
                after.get(code, nothing),
                kept,
            )


async def _policies(session: AsyncSession, tenant_id: TenantId) -> PolicyBook:
    account = await AccountRepository(session).get(tenant_id)
    return PolicyBook({} if account is None else account.policies)
