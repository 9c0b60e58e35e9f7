"""What charges are priced by, from rollups: exactly what the events give, digest and all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.catalog.domain import Aggregation
from control_plane.kernel.exact import EXACT
from control_plane.kernel.ids import TenantId
from control_plane.kernel.period import Period
from metering.domain.aggregating import ADDITIVE
from metering.domain.digests import sum_digest
from metering.domain.numbers import shortest
from metering.domain.rollups import Rollup
from metering.domain.usage import Usage, UsageGroup
from metering.ports import Wanted
from metering.stores.added import Added, added
from metering.stores.reading import Reading
from metering.stores.rollups.rolled import Asked, Rolled, Values, read_rolled

_ZERO = Decimal(0)
_NOTHING = Rollup()


@dataclass(frozen=True, slots=True)
class Late:
    """What came late for earlier periods, or was taken back of them: always from the events."""

    added: Added
    groups: Mapping[Values, UsageGroup]
    amount: Decimal


async def rolled_usages(
    session: AsyncSession, tenant_id: TenantId, wanted: Sequence[Wanted]
) -> list[Usage | None]:
    """Answer what rollups can answer; None stands where the events have to be read.

    Left to them are charges priced event by event, levels by seconds, filters and groups that are
    no dimensions of the meter, cut-offs before the rollups', and, where something came late,
    quantities that two sets of events do not add up to.
    """
    asked = {n: _asked(one) for n, one in enumerate(wanted) if _may(one)}
    rolled = await read_rolled(session, tenant_id, list(asked.values())) if asked else []
    found = {n: one for n, one in zip(asked, rolled, strict=True) if one is not None}
    late = await _late(session, tenant_id, {n: wanted[n] for n in found})
    mixed = {n for n in late if wanted[n].meter.aggregation not in ADDITIVE}
    return [
        _usage(one, found[n], late.get(n)) if n in found and n not in mixed else None
        for n, one in enumerate(wanted)
    ]


def _may(one: Wanted) -> bool:
    apart = one.meter.aggregation is Aggregation.UNIQUE and bool(one.charge.dimensions)
    return one.digest is None and not (one.charge.by_event or apart)


def _asked(one: Wanted) -> Asked:
    return Asked(
        meter=one.meter,
        tiles=(one.period,),
        groups=one.charge.dimensions,
        filters=one.charge.filters,
        cutoff=one.cutoff,
    )


async def _late(
    session: AsyncSession, tenant_id: TenantId, wanted: Mapping[int, Wanted]
) -> dict[int, Late]:
    """Read the late halves of several questions: periods that are over where they start."""
    readings = {
        n: Reading(
            session,
            tenant_id,
            one.meter.narrowed(one.charge.filters),
            Period(one.period.start, one.period.start),
            one.cutoff,
            one.since,
        )
        for n, one in wanted.items()
        if one.since is not None
    }
    if not readings:
        return {}
    totals = await added(session, tenant_id, list(readings.values()))
    found = {}
    for (n, reading), total in zip(readings.items(), totals, strict=True):
        if total.names or total.taken_back:
            usage = await reading.measure(wanted[n].charge, await total.total(reading))
            groups = {group.values: group for group in usage.groups}
            found[n] = Late(total, groups, usage.amount)
    return found


def _usage(one: Wanted, rolled: Rolled, late: Late | None) -> Usage:
    whole = _NOTHING
    for rollup in rolled.cells.values():
        whole = whole.plus(rollup)
    grouped = bool(one.charge.dimensions)
    usage = Usage(
        quantity=whole.quantity(one.meter.aggregation)
        if grouped
        else rolled.quantity(one.meter, ((), 0)),
        events=whole.events,
        digest=sum_digest(whole.events, whole.lanes),
        amount=shortest(whole.money) if one.charge.of_money else _ZERO,
        groups=_groups(one, rolled) if grouped else (),
    )
    return usage if late is None else _with_late(usage, whole, late)


def _groups(one: Wanted, rolled: Rolled) -> tuple[UsageGroup, ...]:
    return tuple(
        UsageGroup(
            values=values,
            quantity=rolled.quantity(one.meter, (values, n)),
            events=rollup.events,
            amount=shortest(rollup.money),
        )
        for (values, n), rollup in sorted(rolled.cells.items())
    )


def _with_late(usage: Usage, whole: Rollup, late: Late) -> Usage:
    own = {group.values: group for group in usage.groups}
    values = sorted(own.keys() | late.groups.keys())
    names = whole.events + late.added.names
    return replace(
        usage,
        quantity=shortest(EXACT.add(usage.quantity, late.added.quantity)),
        events=usage.events + late.added.events,
        digest=sum_digest(names, whole.lanes.plus(late.added.lanes)),
        amount=shortest(EXACT.add(usage.amount, late.amount)),
        groups=tuple(_group_with(own.get(v), late.groups.get(v)) for v in values),
        taken_back=late.added.taken_back,
    )


def _group_with(own: UsageGroup | None, late: UsageGroup | None) -> UsageGroup:
    if own is None or late is None:
        found = own or late
        if found is None:
            raise TypeError("a group of nothing")
        return found
    return replace(
        own,
        quantity=shortest(EXACT.add(own.quantity, late.quantity)),
        events=own.events + late.events,
        amount=shortest(EXACT.add(own.amount, late.amount)),
    )
