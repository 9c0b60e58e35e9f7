"""Commitments: what a period's lines come to at least, trued up when the period is over."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from billing.domain.owing.fees import lived, merged, total_share
from billing.domain.owing.item import FeePart, Item, LineKind
from billing.domain.owing.shares import Ruler, day_start
from billing.domain.owing.states import Billable, State
from control_plane.catalog.domain import Commitment, Text
from control_plane.catalog.policies import ShortPeriod
from control_plane.kernel.calendar import Anchor, Period, instant_text

NAME = Text(en="Commitment true-up", zh="承诺消费差额")

Lines = Callable[[datetime, datetime], Iterable[Item]]
"""The fees and usage items of a subscription: those of periods after one instant, by another."""


@dataclass(frozen=True, slots=True)
class Committed:
    """A commitment as one state has it."""

    state: State
    commitment: Commitment


def commitments(about: Billable, since: datetime, at: datetime, lines: Lines) -> Iterator[Item]:
    """Yield the true-ups of periods that end after ``since``, due or under way at ``at``."""
    for (_, grid), held in _held(about).items():
        seen: set[datetime] = set()
        for one in held:
            n = grid.index_at(max(one.state.first, since))
            while (period := grid.period(n)).start <= at:
                if one.state.last is not None and period.start >= one.state.last:
                    break
                n += 1
                if period.start < period.end and period.start not in seen:
                    seen.add(period.start)
                    yield from _items(about, grid, held, period, lines)


def _held(about: Billable) -> dict[tuple[str, Anchor], list[Committed]]:
    found: dict[tuple[str, Anchor], list[Committed]] = {}
    for state in about.states:
        if state.price.commitment is not None:
            key = (state.plan.label, state.segment.anchor)
            found.setdefault(key, []).append(Committed(state, state.price.commitment))
    return found


def _items(
    about: Billable, grid: Anchor, held: list[Committed], period: Period, lines: Lines
) -> Iterator[Item]:
    parts = merged(part for one in held for part in _parts(about, grid, period, one))
    if not parts:
        return
    state = held[-1].state
    due_at = _due_at(about, grid, period)
    charged = _counted(lines(period.start, due_at), state.plan.label, period, due_at)
    committed = tuple(_committed(part.span, period, Ruler(grid, state.policies)) for part in parts)
    counted = tuple(line for line in charged if _shares_time(line, committed))
    yield Item(
        key=about.key(state.plan.label, "commitment", instant_text(period.end)),
        kind=LineKind.COMMITMENT,
        due_at=due_at,
        until=period.end,
        subscription_id=about.subscription_id,
        version_id=state.plan.id,
        item=state.plan.label,
        item_name=state.plan.name,
        charge_code="commitment",
        name=NAME,
        currency=about.currency,
        zone=grid.zone,
        period=period,
        service=Period(parts[0].span.start, max(parts[-1].span.end, parts[0].span.start)),
        share=total_share(parts),
        fee_parts=parts,
        counts=tuple(line.key for line in counted),
        tops_up=tuple(line.tax_category for line in counted),
        tax_category=held[-1].commitment.tax_category or "",
        tax_inclusive=state.price.tax_inclusive,
        discountable=False,
        policies=state.policies,
    )


def _parts(about: Billable, grid: Anchor, period: Period, one: Committed) -> Iterator[FeePart]:
    state, policies = one.state, one.state.policies
    start = max(state.first, period.start)
    end = period.end if state.last is None else min(state.last, period.end)
    if start >= end or state.unbilled:
        return
    of = lived(about.states, period) if policies.short_period is ShortPeriod.NONE else period
    share = Ruler(grid, policies).share(period, start, end, of)
    if share.numerator:
        yield FeePart(Period(start, end), share, Decimal(1), one.commitment.amount.major)


def _due_at(about: Billable, grid: Anchor, period: Period) -> datetime:
    """Return when the period is over: at its end, or where its cycle or the life ends before."""
    closed: datetime | None = period.end
    for states in filter(None, about.lives):
        followers = (*states[1:], None)
        for state, following in zip(states, followers, strict=True):
            if state.segment.anchor == grid and state.start < period.end:
                closed = state.life.end if following is None else following.start
    return period.end if closed is None else min(closed, period.end)


def _counted(lines: Iterable[Item], label: str, period: Period, due_at: datetime) -> Iterator[Item]:
    """Yield the lines that count: what its plan charged in and for the period."""
    for line in lines:
        if line.item != label:
            continue
        ahead = line.kind is LineKind.FEE and line.due_at < line.service.end
        within = (
            period.start <= line.due_at < due_at
            if ahead
            else (period.start < line.due_at <= due_at)
        )
        if within:
            yield line


def _committed(span: Period, period: Period, ruler: Ruler) -> Period:
    """Return the time that a part commits to: counted by days, that on which it begins is all its.

    So what a life that ended that morning was charged counts for the next one's commitment.
    """
    if ruler.unit == "second":
        return span
    return Period(max(day_start(span.start, ruler.grid.zone), period.start), span.end)


def _shares_time(line: Item, committed: Iterable[Period]) -> bool:
    """Tell whether a line is for any of the time that is committed to."""
    return any(one.intersect(line.service) is not None for one in committed)
