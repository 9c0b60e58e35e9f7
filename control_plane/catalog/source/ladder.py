"""Reads the ladder of a plan: what happens when it is not paid, and when."""

import re

from control_plane.catalog.domain import RUNGS, Ladder
from control_plane.catalog.domain.ladder import (
    DEFAULT_DAYS,
    DEFAULT_NOTICE,
    LONGEST_LADDER_DAYS,
    LONGEST_NOTICE,
)
from control_plane.catalog.source.cursor import Cursor
from control_plane.catalog.source.faults import Fault

NEVER = "never"
_NOTICE = "notice"
_DAYS = re.compile(r"P([0-9]{1,4})([DW])", re.ASCII)
_DAYS_PER_WEEK = 7


def read_ladder(cursor: Cursor | None) -> Ladder | None:
    """Read the days of each step; ``never`` ends the ladder before it. None: there is no ladder."""
    if cursor is None:
        return None
    fields = cursor.fields(optional=(*(rung.value for rung in RUNGS), _NOTICE))
    notice = _notice(fields.get(_NOTICE))
    days: list[int] = []
    ended = False
    for rung in RUNGS:
        place = fields.get(rung.value)
        if place is not None and place.raw == NEVER:
            ended = True
        elif not ended:
            day = DEFAULT_DAYS[rung] if place is None else _days(place, LONGEST_LADDER_DAYS)
            if days and day < days[-1] + notice:
                report = (place or cursor).report
                report(Fault.LADDER_TOO_STEEP, value=rung.value, days=days[-1] + notice)
            days.append(day)
        elif place is not None:
            place.report(Fault.LADDER_ENDED, value=rung.value)
    return Ladder(tuple(days), notice)


def _notice(place: Cursor | None) -> int:
    """Read how long before a step it is announced: at least a day."""
    if place is None:
        return DEFAULT_NOTICE
    days = _days(place, LONGEST_NOTICE)
    if not days:
        place.report(Fault.NOT_DAYS, value=place.raw, most=LONGEST_NOTICE)
    return days


def _days(place: Cursor, most: int) -> int:
    match = _DAYS.fullmatch(place.raw)
    days = int(match[1]) * (_DAYS_PER_WEEK if match[2] == "W" else 1) if match else most + 1
    if days > most:
        place.report(Fault.NOT_DAYS, value=place.raw, most=most)
        return 1
    return days
