"""From events to one quantity, in the eight ways a meter may ask for. All exact.

These functions are the rule; `metering.stores.measure_sql` says the same to PostgreSQL, and one
contract suite holds both to it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from control_plane.catalog.domain import Aggregation, Meter
from control_plane.kernel.exact import EXACT
from control_plane.kernel.period import Period
from control_plane.kernel.rounding import round_ratio
from metering.domain.events import UsageEvent
from metering.domain.judging import quantity_of
from metering.domain.numbers import quantity, shortest
from metering.domain.pages import position
from metering.domain.properties import text_of

AVERAGE_DECIMALS = 12
ADDITIVE = frozenset({Aggregation.COUNT, Aggregation.SUM})
"""What two sets of events add up to is the sum of both: what is taken back can be taken off."""

_MICROSECONDS = Decimal("0.000001")
_ZERO = Decimal(0)


def grouped(
    events: Iterable[UsageEvent], dimensions: Sequence[str]
) -> dict[tuple[str, ...], list[UsageEvent]]:
    """Sort events by the texts of some properties; one that is missing counts as empty."""
    groups: dict[tuple[str, ...], list[UsageEvent]] = {}
    for event in events:
        values = tuple(text_of(event, name) or "" for name in dimensions)
        groups.setdefault(values, []).append(event)
    return groups


def money_of(event: UsageEvent, meter: Meter) -> Decimal | None:
    """Return the amount of money an event carries (major units), None when it carries none."""
    name = meter.money_property()
    return None if name is None else quantity(event.data.get(name))


def total_of(values: Iterable[Decimal]) -> Decimal:
    """Add up, exactly."""
    total = _ZERO
    for value in values:
        total = EXACT.add(total, value)
    return shortest(total)


def average(total: Decimal, count: int) -> Decimal:
    """Divide a sum, to 12 decimals, half away from zero; nothing of nothing is 0."""
    if not count:
        return _ZERO
    scaled = round_ratio(Fraction(total) / count * 10**AVERAGE_DECIMALS)
    return shortest(EXACT.scaleb(Decimal(scaled), -AVERAGE_DECIMALS))


def aggregate(events: Sequence[UsageEvent], meter: Meter) -> Decimal:
    """Reduce events to the meter's quantity. Those that state none add nothing.

    A weighted meter needs the time between events too: see `weigh`.
    """
    if meter.aggregation is Aggregation.COUNT:
        return Decimal(len(events))
    if meter.aggregation is Aggregation.UNIQUE:
        return Decimal(len({text_of(e, meter.property or "") for e in events} - {None, ""}))
    by_order = meter.aggregation is Aggregation.LATEST
    ordered = sorted(events, key=position) if by_order else events
    stated = [q for event in ordered if (q := quantity_of(event, meter)) is not None]
    return _REDUCTIONS[meter.aggregation](stated) if stated else _ZERO


_REDUCTIONS: Mapping[Aggregation, Callable[[Sequence[Decimal]], Decimal]] = {
    Aggregation.SUM: total_of,
    Aggregation.MAX: max,
    Aggregation.MIN: min,
    Aggregation.LATEST: lambda stated: stated[-1],
    Aggregation.AVERAGE: lambda stated: average(total_of(stated), len(stated)),
}


def weigh(events: Iterable[UsageEvent], meter: Meter, period: Period) -> Decimal:
    """Add up level by seconds within the period, each level holding until the next event.

    ``events`` hold those before the period too: the last of them sets the level it starts with.
    Worked example: a level of 2 is set before the period and 5 at its 10th second; a period of
    60 seconds has 10 x 2 + 50 x 5 = 270 unit-seconds.
    """
    total, level, since = _ZERO, _ZERO, period.start
    for event in sorted(events, key=position):
        stated = quantity_of(event, meter)
        if stated is None or event.time >= period.end:
            continue
        at = max(event.time, period.start)
        total = EXACT.add(total, EXACT.multiply(level, _seconds(Period(since, at))))
        level, since = stated, at
    held = EXACT.multiply(level, _seconds(Period(since, period.end)))
    return shortest(EXACT.add(total, held))


def _seconds(period: Period) -> Decimal:
    length = period.length
    whole = Decimal(length.days * 86_400 + length.seconds)
    return EXACT.add(whole, EXACT.multiply(Decimal(length.microseconds), _MICROSECONDS))
