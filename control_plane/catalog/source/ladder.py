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
from control_plane.sdk.snapshot import Standing

NEVER = "never"
_NOTICE = "notice"
_DAYS = re.compile(r"P([0-9]{1,4})([DW])", re.ASCII)
_DAYS_PER_WEEK = 7


def read_ladder(cursor: Cursor | None) -> Ladder | None:
    """Read the days of each step; ``never`` ends the ladder before it. None: there is no ladder."""
    if cursor is None:
        return None
    fields = cursor.fields(optional=(*(rung.value for rung in RUNGS), _NOTICE))
    notice = _days(fields[_NOTICE], 1, LONGEST_NOTICE) if _NOTICE in fields else None
    notice = notice or DEFAULT_NOTICE
    days: list[int] = []
    ended = False
    for rung in RUNGS:
        place = fields.get(rung.value)
        if place is not None and place.raw == NEVER:
            ended = True
        elif not ended:
            days.append(_day(place, cursor, rung, days[-1] + notice if days else 0))
        elif place is not None:
            place.report(Fault.LADDER_ENDED, value=rung.value)
    return Ladder(tuple(days), notice)


def _day(place: Cursor | None, ladder: Cursor, rung: Standing, least: int) -> int:
    """Read the day of a step, which leaves room for its announcement after the one before."""
    day = DEFAULT_DAYS[rung] if place is None else _days(place, 0, LONGEST_LADDER_DAYS)
    if day is None:
        return least
    if day < least:
        (place or ladder).report(Fault.LADDER_TOO_STEEP, value=rung.value, days=least)
    return max(day, least)


def _days(place: Cursor, least: int, most: int) -> int | None:
    match = _DAYS.fullmatch(place.raw)
    if match is not None:
        days = int(match[1]) * (_DAYS_PER_WEEK if match[2] == "W" else 1)
        if least <= days <= most:
            return days
    place.report(Fault.NOT_DAYS, value=place.raw, least=least, most=most)
    return None
