"""Compare plans: what each would have cost a customer over the last months, as they were used."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from billing.domain.items import PolicyBook
from billing.domain.lines import Versions
from billing.domain.whatif.backtest import amounts_within
from billing.domain.whatif.living import World
from billing.domain.whatif.scenario import id_of
from billing.repositories.accounts import AccountRepository
from billing.shelf import Shelf
from billing.whatif.running import StoreMeasuring, live
from control_plane.catalog.domain import Catalog, PlanVersion
from control_plane.catalog.repository import CatalogRepository
from control_plane.kernel.calendar import Anchor, Interval, Period
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import ChangeId, SubscriptionId, TenantId
from control_plane.kernel.money import Money
from control_plane.runtime.unit_of_work import UnitOfWork
from control_plane.subscriptions.domain import Cancel, Segment, Start, Timeline, new_timeline
from control_plane.subscriptions.repository import SubscriptionRepository
from control_plane.tenancy.clocks import TenantClock
from metering.ports import UsageStore

MOST_MONTHS = 3
_LAST = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class PlanCost:
    """What one plan would have cost, by its monthly price, before discounts and tax.

    ``held`` is the plan that the subscription is on, at its own version and negotiated terms.
    ``missing`` names the modules of the held plan that this one lacks.
    """

    plan: PlanVersion
    amount: Money
    held: bool
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlanComparison:
    """The last whole months of a subscription under every plan on sale, the cheapest first."""

    period: Period
    months: int
    zone: str
    costs: tuple[PlanCost, ...]


@dataclass(frozen=True, slots=True)
class ComparePlans:
    """Live the last months again under each plan, by the usage there really was."""

    work: UnitOfWork
    tenant_clock: TenantClock
    usage: UsageStore

    async def __call__(
        self, *, tenant_id: TenantId, subscription_id: SubscriptionId
    ) -> PlanComparison | None:
        """Return what each plan would have cost; None before a first whole month, or after the end.

        Raises:
            SubscriptionNotFound: the tenant has none of that id.
        """
        async with self.work(tenant_id) as session:
            timeline = await SubscriptionRepository(session).timeline(subscription_id)
            now = await self.tenant_clock.now(session, tenant_id)
            segment = timeline.segment_at(now)
            months = [] if segment is None else _months(timeline, segment, now)
            if segment is None or not months:
                return None
            catalog = await CatalogRepository(session).current()
            held = (await Shelf().versions(session, [timeline])).plans[segment.plan_version_id]
            account = await AccountRepository(session).get(tenant_id)
            policies = PolicyBook({} if account is None else account.policies)
            period = Period(months[0].start, months[-1].end)
            trial = _Trial(segment, timeline.currency, period, policies, await self.usage.cutoff())
            measure = StoreMeasuring(self.usage, tenant_id, catalog.meters)
            costs = [
                PlanCost(
                    plan=plan,
                    amount=await trial.cost(plan, measure),
                    held=plan.id == held.id,
                    missing=tuple(code for code in held.modules if code not in plan.modules),
                )
                for plan in _candidates(catalog, held, timeline.currency)
            ]
        costs.sort(key=lambda cost: (cost.amount.minor, cost.plan.code))
        return PlanComparison(period, len(months), segment.anchor.zone, tuple(costs))


@dataclass(frozen=True, slots=True)
class _Trial:
    """A stretch of time to be lived through under one plan after the other."""

    segment: Segment
    currency: str
    period: Period
    policies: PolicyBook
    cutoff: str

    async def cost(self, plan: PlanVersion, measure: StoreMeasuring) -> Money:
        """Return what fees and usage of the stretch come to."""
        versions = Versions(plans={plan.id: plan}, addons={})
        world = World((self._timeline(plan),), versions, self.policies, self.cutoff)
        upto = Period(self.period.start, self.period.end + _LAST)
        sums = amounts_within(await live(world, self.period.end, measure), upto)
        return sums.get(self.currency, Money.zero(currency(self.currency)))

    def _timeline(self, plan: PlanVersion) -> Timeline:
        held = plan.id == self.segment.plan_version_id
        start = Start(
            plan_version_id=plan.id,
            currency=self.currency,
            interval=Interval.MONTH,
            anchor=Anchor(self.period.start, self.segment.anchor.zone, Interval.MONTH),
            quantities=self.segment.quantities,
            terms=self.segment.terms if held else None,
        )
        begins, ends = self.period.start, self.period.end
        timeline = new_timeline(
            SubscriptionId(id_of("comparison", plan.id)),
            ChangeId(id_of("comparison", plan.id, "start")),
            start,
            effective_at=begins,
            known_at=begins,
        )
        ending = ChangeId(id_of("comparison", plan.id, "end"))
        return timeline.with_change(ending, Cancel(), effective_at=ends, known_at=ends)


def _months(timeline: Timeline, segment: Segment, now: datetime) -> list[Period]:
    """Return the last whole months that the subscription was alive, at most `MOST_MONTHS`."""
    grid = Anchor(segment.anchor.at, segment.anchor.zone, Interval.MONTH)
    upto = grid.index_at(now)
    found = (grid.period(n) for n in range(upto - MOST_MONTHS, upto))
    return [month for month in found if month.start >= timeline.started_at]


def _candidates(catalog: Catalog, held: PlanVersion, code: str) -> Iterator[PlanVersion]:
    plans: Mapping[str, PlanVersion] = {**catalog.plans, held.code: held}
    for plan in plans.values():
        wanted = (code, Interval.MONTH, 1)
        if any((p.currency.code, p.interval, p.count) == wanted for p in plan.prices):
            yield plan
