"""Prices the last closed periods under two plans, by the usage they really had."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from billing.domain.life.fees import Held, fees_over
from billing.domain.life.projecting import MOST_PERIODS, PlanProjection, PricedPeriod, Projection
from billing.domain.pricing import price_usage
from control_plane.catalog.domain import Catalog, Charge
from control_plane.kernel.calendar import Anchor, Period
from control_plane.kernel.ids import TenantId
from control_plane.subscriptions.domain import Segment, Timeline
from metering.ports import UsageStore


@dataclass(frozen=True, slots=True)
class Projector:
    """Projects totals per period. All usage is looked at through one cut-off."""

    usage: UsageStore

    async def project(
        self,
        tenant_id: TenantId,
        catalog: Catalog,
        periods: Sequence[Period],
        ahead: Period,
        sides: tuple[Held, Held],
    ) -> Projection:
        """Price the periods under what is held and under what is asked for.

        Without a closed period the usage counts as zero and ``ahead``, the running period, gives
        the fees.
        """
        cutoff = await self.usage.cutoff()
        look = _Look(self.usage, tenant_id, catalog, cutoff)
        before, after = [await _side(look, held, periods, ahead) for held in sides]
        return Projection(before, after)


def closed_periods(
    timeline: Timeline, segment: Segment, at: datetime, most: int = MOST_PERIODS
) -> list[Period]:
    """Return the last closed periods of the present cycle, the earliest first.

    Only whole ones within the subscription's paid life count: no trial, no pause.
    """
    found: list[Period] = []
    if at < segment.anchor.at:
        return found
    first = segment.anchor.index_at(at)
    for n in range(first - 1, first - 1 - 3 * most, -1):
        period = segment.anchor.period(n)
        if period.start < timeline.started_at or len(found) == most:
            break
        if _paid(timeline, period):
            found.append(period)
    return found[::-1]


def _paid(timeline: Timeline, period: Period) -> bool:
    within = [
        s
        for s in timeline.segments
        if s.start < period.end and (s.end is None or s.end > period.start)
    ]
    whole = bool(within) and within[0].start <= period.start
    return whole and not any(s.trial or s.paused for s in within)


@dataclass(frozen=True, slots=True)
class _Look:
    usage: UsageStore
    tenant_id: TenantId
    catalog: Catalog
    cutoff: str

    async def price(self, held: Held, charge: Charge, period: Period) -> Fraction:
        """Price one charge's usage over a stretch, in major units."""
        meter = self.catalog.meters.get(charge.meter or "")
        if meter is None:
            return Fraction()
        used = await self.usage.measure(
            self.tenant_id, meter, period, cutoff=self.cutoff, since=None, charge=charge
        )
        share = held.share(charge, period)
        return price_usage(charge, used, share, held.policies).amount


async def _side(
    look: _Look, held: Held, periods: Sequence[Period], ahead: Period
) -> PlanProjection:
    priced = [
        PricedPeriod(period, fees_over(held, period), await _usage(look, held, period))
        for period in periods
    ]
    fees = fees_over(held, ahead)
    return PlanProjection(
        label=held.label,
        currency=held.price.currency,
        fees=fees + _true_up(held, fees, ahead),
        periods=tuple(
            PricedPeriod(p.period, p.fees, p.usage + _true_up(held, p.fees + p.usage, p.period))
            for p in priced
        ),
    )


async def _usage(look: _Look, held: Held, period: Period) -> Fraction:
    total = Fraction()
    for charge in held.price.charges:
        if charge.meter is not None:
            for stretch in _stretches(held, charge, period):
                total += await look.price(held, charge, stretch)
    return total


def _stretches(held: Held, charge: Charge, period: Period) -> list[Period]:
    """Cut a period where a charge with a shorter interval of its own closes within it."""
    if charge.interval is None or charge.interval == held.price.interval:
        return [period]
    anchor = Anchor(at=period.start, zone=held.zone, interval=charge.interval)
    cut = [anchor.period(n).intersect(period) for n in range(anchor.index_at(period.end) + 1)]
    return [stretch for stretch in cut if stretch is not None]


def _true_up(held: Held, total: Fraction, period: Period) -> Fraction:
    """Return what a commitment adds to a period's total."""
    commitment = held.price.commitment
    if commitment is None:
        return Fraction()
    anchor = Anchor(
        at=period.start, zone=held.zone, interval=held.price.interval, count=held.price.count
    )
    days, whole = len(period.days(held.zone)), len(anchor.period(0).days(held.zone))
    return max(Fraction(), commitment.amount.major * Fraction(days, whole) - total)
