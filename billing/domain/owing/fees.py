"""Fees in advance: one item per plan version, charge and period.

An item's amount is the sum over the states of its period: the price of one whole period in that
state, times the state's share of it. So an upgrade at once leaves the old plan's item with fewer
days, which is credited, and makes an item of the new plan.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from billing.domain.owing.item import FeePart, Item, LineKind
from billing.domain.owing.shares import Ruler, Share
from billing.domain.owing.states import Billable, State
from billing.domain.pricing import price_fee
from control_plane.catalog.domain import Charge, ChargeKind, Timing
from control_plane.catalog.policies import ShortPeriod, UnusedCredit
from control_plane.kernel.calendar import Anchor, Period, instant_text


@dataclass(frozen=True, slots=True)
class Held:
    """A charge as one state has it."""

    state: State
    charge: Charge

    @property
    def quantity(self) -> Decimal:
        """How many of its component there are."""
        return Decimal(self.state.segment.quantity(self.charge.quantity))

    @property
    def whole(self) -> Fraction:
        """What a whole period costs, in major units."""
        return price_fee(self.charge, self.quantity, self.state.policies).amount


@dataclass(frozen=True, slots=True)
class Level:
    """What is owed for a stretch of a period: the charge as it was held then."""

    start: datetime
    end: datetime
    held: Held


def fees(about: Billable, since: datetime, at: datetime) -> Iterator[Item]:
    """Yield the fees in advance that fall due by ``at``, of periods that end after ``since``."""
    for (_, _, grid), held in _held(about).items():
        for period in periods(grid, held, since, at):
            item = _item(about, grid, held, period)
            if item is not None and item.due_at <= at:
                yield item


def _held(about: Billable) -> dict[tuple[str, str, Anchor], list[Held]]:
    found: dict[tuple[str, str, Anchor], list[Held]] = {}
    for state in about.states:
        for charge in state.price.charges:
            if charge.kind is ChargeKind.FLAT and charge.timing is Timing.ADVANCE:
                key = (state.plan.label, charge.code, state.grid(charge))
                found.setdefault(key, []).append(Held(state, charge))
    return found


def periods(grid: Anchor, held: Iterable[Held], since: datetime, at: datetime) -> Iterator[Period]:
    """Yield the periods of a grid that a charge is held in, from those that end after ``since``."""
    last = None
    for one in held:
        if one.state.last is not None and one.state.last + grid.longest <= since:
            continue  # long over: none of its periods can end so late
        n = grid.index_at(max(one.state.first, since))
        n = n if last is None else max(n, last + 1)
        while (period := grid.period(n)).start <= at:
            if one.state.last is not None and period.start >= one.state.last:
                break
            last = n
            n += 1
            if period.start < period.end:
                yield period


def _item(about: Billable, grid: Anchor, held: list[Held], period: Period) -> Item | None:
    counted = [
        (level.held, part)
        for level in levels(about, held, period, grid)
        for part in [_part(about, grid, period, level)]
        if part.share.numerator
    ]
    if not counted:
        return None
    (first, _), *_ = counted
    parts = merged(part for _, part in counted)
    plan, charge = first.state.plan, first.charge
    return Item(
        key=about.key(plan.label, charge.code, "fee", instant_text(period.end)),
        kind=LineKind.FEE,
        due_at=max(period.start, first.state.start),
        until=period.end,
        subscription_id=about.subscription_id,
        version_id=plan.id,
        item=plan.label,
        item_name=plan.name,
        charge_code=charge.code,
        name=charge.name,
        currency=about.currency,
        zone=grid.zone,
        period=period,
        service=Period(parts[0].span.start, parts[-1].span.end),
        share=total_share(parts),
        fee_parts=parts,
        tax_category=charge.tax_category,
        tax_inclusive=first.state.price.tax_inclusive,
        policies=first.state.policies,
    )


def levels(about: Billable, held: Iterable[Held], period: Period, grid: Anchor) -> Iterator[Level]:
    """Yield what is owed of a charge in each stretch of a period, pauses left out.

    Where nothing is given back for unused time, what was once paid for the rest of the period
    stays owed: a smaller quantity, another plan or the end of it all lower nothing; a pause does,
    as its own policy says.
    """
    prepaid: Level | None = None
    for one in held:
        start = max(one.state.first, period.start)
        end = period.end if one.state.last is None else min(one.state.last, period.end)
        counted = Ruler(grid, one.state.policies).count(start, end)
        if not counted or _given_back(about, one, period):
            continue
        if prepaid is not None and prepaid.end < start:
            yield Level(prepaid.end, start, prepaid.held)
        level = Level(start, end, one if prepaid is None else _dearer(prepaid.held, one))
        if not one.state.unbilled:
            yield level
        kept = one.state.policies.unused_credit is UnusedCredit.NONE and not _costs_less(one)
        prepaid = level if kept else None
    if prepaid is not None and prepaid.end < period.end:
        yield Level(prepaid.end, period.end, prepaid.held)


def _dearer(before: Held, one: Held) -> Held:
    return one if _costs_less(one) or before.whole <= one.whole else before


def _costs_less(one: Held) -> bool:
    """Tell whether it is a pause that costs something else than the fee."""
    return one.state.unbilled or one.state.holds(one.charge)


def _given_back(about: Billable, one: Held, period: Period) -> bool:
    """Tell whether the end of a life gives back all of the period that it cuts short."""
    end = one.state.life.end
    if end is None or one.state.policies.unused_credit is not UnusedCredit.FULL:
        return False
    ended_with = next(s for states in about.lives for s in reversed(states) if s.life.end == end)
    return ended_with.plan.id == one.state.plan.id and period.start < end < period.end


def _part(about: Billable, grid: Anchor, period: Period, level: Level) -> FeePart:
    held, policies = level.held, level.held.state.policies
    of = lived(about.states, period) if policies.short_period is ShortPeriod.NONE else period
    price = price_fee(held.charge, held.quantity, policies)
    return FeePart(
        span=Period(level.start, level.end),
        share=Ruler(grid, policies).share(period, level.start, level.end, of),
        quantity=held.quantity,
        whole=price.amount,
        steps=(*held.state.holding_steps(held.charge), *price.steps),
        least=price.least,
    )


def lived(states: Iterable[State], period: Period) -> Period:
    """Return the stretch of a period from the first of some states that it counts to the last."""
    stretches = [
        (max(s.first, period.start), period.end if s.last is None else min(s.last, period.end), s)
        for s in states
    ]
    counted = [
        Period(start, end)
        for start, end, s in stretches
        if start < end and Ruler(s.segment.anchor, s.policies).count(start, end)
    ]
    start = min((stretch.start for stretch in counted), default=period.start)
    return Period(start, max((stretch.end for stretch in counted), default=start))


def merged(parts: Iterable[FeePart]) -> tuple[FeePart, ...]:
    """Join neighbouring parts that cost the same."""
    joined: list[FeePart] = []
    for part in parts:
        last = joined[-1] if joined else None
        if last is not None and _alike(last, part):
            share = replace(last.share, numerator=last.share.numerator + part.share.numerator)
            joined[-1] = replace(last, span=Period(last.span.start, part.span.end), share=share)
        else:
            joined.append(part)
    return tuple(joined)


def _alike(one: FeePart, other: FeePart) -> bool:
    return (
        one.span.end >= other.span.start
        and (one.share.denominator, one.share.unit) == (other.share.denominator, other.share.unit)
        and (one.whole, one.quantity, one.steps) == (other.whole, other.quantity, other.steps)
        and one.least == other.least
    )


def total_share(parts: tuple[FeePart, ...]) -> Share:
    """Return the share that parts have together, told in the denominator of the first."""
    first = parts[0].share
    same = all(
        (p.share.denominator, p.share.unit) == (first.denominator, first.unit) for p in parts
    )
    return replace(first, numerator=sum(p.share.numerator for p in parts)) if same else first
