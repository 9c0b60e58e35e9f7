"""How often a price is paid: as a key of addresses and forms, and in words."""

from collections.abc import Iterable, Mapping

from control_plane.kernel.anchor import InvalidCount
from control_plane.kernel.calendar import Interval
from web.api.common import choice_from
from web.i18n import N_, translate
from web.portal.labels import INTERVALS

_MOST = 120

OFTEN: Mapping[Interval, str] = {
    Interval.DAY: N_("Daily"),
    Interval.WEEK: N_("Weekly"),
    Interval.MONTH: N_("Monthly"),
    Interval.QUARTER: N_("Quarterly"),
    Interval.HALF_YEAR: N_("Half-yearly"),
    Interval.YEAR: N_("Yearly"),
}
_EVERY: Mapping[Interval, str] = {
    Interval.DAY: N_("every {count} days"),
    Interval.WEEK: N_("every {count} weeks"),
    Interval.MONTH: N_("every {count} months"),
    Interval.QUARTER: N_("every {count} quarters"),
    Interval.HALF_YEAR: N_("every {count} half-years"),
    Interval.YEAR: N_("every {count} years"),
}


def cycle_key(interval: Interval, count: int) -> str:
    """Write a cycle for an address: ``month``, or ``month-6`` for six of them."""
    return interval.value if count == 1 else f"{interval.value}-{count}"


def read_cycle(key: str) -> tuple[Interval, int]:
    """Read what `cycle_key` wrote.

    Raises:
        ChoiceInvalid: the interval is none.
        InvalidCount: the count is none.
    """
    name, dash, count = key.partition("-")
    interval = choice_from(Interval, name, field="interval")
    if not dash:
        return interval, 1
    if not (count.isascii() and count.isdigit() and 1 <= int(count[:4]) <= _MOST):
        raise InvalidCount(count=count[:20], field="interval")
    return interval, int(count)


def cycle_words(interval: Interval, count: int, language: str) -> str:
    """Say how often: ``per month``, ``every 6 months``."""
    if count == 1:
        return translate(language, INTERVALS[interval.value])
    return translate(language, _EVERY[interval], count=count)


def often_words(interval: Interval, count: int, language: str) -> str:
    """Say how often as a choice: ``Monthly``, ``Every 6 months``."""
    if count == 1:
        return translate(language, OFTEN[interval])
    words = cycle_words(interval, count, language)
    return words[:1].upper() + words[1:]


def cycle_tabs(
    cycles: Iterable[tuple[Interval, int]], language: str
) -> tuple[tuple[str, str], ...]:
    """Return key and name of every cycle that something is sold at, the shortest first."""
    order = list(Interval)
    found = sorted(set(cycles), key=lambda cycle: (order.index(cycle[0]), cycle[1]))
    return tuple((cycle_key(*cycle), often_words(*cycle, language)) for cycle in found)
