"""The ladder as pure rules: what has happened, and what is to be done at an instant."""

from control_plane.standing.domain.look import Case, Move, Upcoming, look, upcoming
from control_plane.standing.domain.story import Debt, Kind, Reason, Step, Story

__all__ = [
    "Case",
    "Debt",
    "Kind",
    "Move",
    "Reason",
    "Step",
    "Story",
    "Upcoming",
    "look",
    "upcoming",
]
