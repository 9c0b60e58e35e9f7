"""Ladders as canonical JSON values, and back."""

from typing import Any

from control_plane.catalog.domain import Ladder


def ladder_body(ladder: Ladder) -> dict[str, Any]:
    """Return the days of each step that there is, and the notice."""
    steps = zip(ladder.rungs, ladder.days, strict=True)
    return {**{rung.value: days for rung, days in steps}, "notice": ladder.notice}


def ladder_from_body(body: Any) -> Ladder | None:
    """Read back what `ladder_body` wrote; None where nothing was."""
    if body is None:
        return None
    days = tuple(body[rung.value] for rung in Ladder().rungs if rung.value in body)
    return Ladder(days, body["notice"])
