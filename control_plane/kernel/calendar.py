"""The calendar: instants, local days, periods, and the anchors that periods recur from.

One door to ``instants``, ``period`` and ``anchor``, which hold the rules of billing periods:
half-open, cut in the tenant's zone, kept as instants in UTC.
"""

from control_plane.kernel.anchor import Anchor, Interval, InvalidCount, longest
from control_plane.kernel.instants import (
    InvalidInstant,
    NaiveInstant,
    as_utc,
    instant_text,
    local_date,
    local_day_start,
    parse_instant,
    resolve_local,
    wall_clock_text,
)
from control_plane.kernel.period import InstantOutsidePeriod, Period, PeriodReversed
from control_plane.kernel.zones import UnknownZone, load_zone, tzdata_version, zone_names

__all__ = [
    "Anchor",
    "InstantOutsidePeriod",
    "Interval",
    "InvalidCount",
    "InvalidInstant",
    "NaiveInstant",
    "Period",
    "PeriodReversed",
    "UnknownZone",
    "as_utc",
    "instant_text",
    "load_zone",
    "local_date",
    "local_day_start",
    "longest",
    "parse_instant",
    "resolve_local",
    "tzdata_version",
    "wall_clock_text",
    "zone_names",
]
