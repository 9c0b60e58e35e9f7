"""The pure core of subscriptions: changes, and the timeline they make."""

from control_plane.subscriptions.domain.changes import (
    Action,
    AddonBooking,
    BookAddon,
    Cancel,
    CancelBooking,
    Change,
    ChangeBooking,
    ChangePlan,
    ChangeQuantity,
    ChangeReason,
    ExtendTrial,
    Life,
    Pause,
    Reactivate,
    Resume,
    Segment,
    SetTerms,
    Start,
    Status,
)
from control_plane.subscriptions.domain.layout import Layout
from control_plane.subscriptions.domain.terms import ChargeTerms, Terms
from control_plane.subscriptions.domain.timeline import Timeline, new_timeline

__all__ = [
    "Action",
    "AddonBooking",
    "BookAddon",
    "Cancel",
    "CancelBooking",
    "Change",
    "ChangeBooking",
    "ChangePlan",
    "ChangeQuantity",
    "ChangeReason",
    "ChargeTerms",
    "ExtendTrial",
    "Layout",
    "Life",
    "Pause",
    "Reactivate",
    "Resume",
    "Segment",
    "SetTerms",
    "Start",
    "Status",
    "Terms",
    "Timeline",
    "new_timeline",
]
