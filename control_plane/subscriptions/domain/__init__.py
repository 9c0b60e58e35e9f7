"""The pure core of subscriptions: changes, and the timeline they make."""

from control_plane.subscriptions.domain.changes import (
    Action,
    AddonBooking,
    BookAddon,
    Cancel,
    Change,
    ChangePlan,
    Segment,
    Start,
    Status,
)
from control_plane.subscriptions.domain.timeline import Timeline, new_timeline

__all__ = [
    "Action",
    "AddonBooking",
    "BookAddon",
    "Cancel",
    "Change",
    "ChangePlan",
    "Segment",
    "Start",
    "Status",
    "Timeline",
    "new_timeline",
]
