"""What an action says besides its versions, as JSON values, and back.

What is at its default is left out, so that rows written before a field existed read the same.
"""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from control_plane.kernel.calendar import Anchor, Interval, Period, instant_text, parse_instant
from control_plane.kernel.ids import AddonVersionId, ChangeId, PlanVersionId
from control_plane.subscriptions.domain import (
    Action,
    BookAddon,
    Cancel,
    CancelBooking,
    ChangeBooking,
    ChangePlan,
    ChangeQuantity,
    ExtendTrial,
    Pause,
    Reactivate,
    Resume,
    SetTerms,
    Start,
)
from control_plane.subscriptions.terms_codec import (
    money_body,
    money_from_body,
    terms_body,
    terms_from_body,
)

KINDS: Mapping[type[Action], str] = {
    Start: "start",
    ChangePlan: "change_plan",
    ChangeQuantity: "change_quantity",
    ExtendTrial: "extend_trial",
    Pause: "pause",
    Resume: "resume",
    BookAddon: "book_addon",
    ChangeBooking: "change_booking",
    CancelBooking: "cancel_booking",
    SetTerms: "set_terms",
    Cancel: "cancel",
    Reactivate: "reactivate",
}
"""How rows, audit entries and pages name each action."""


def action_details(action: Action) -> dict[str, Any]:
    """Return what an action says besides plan and add-on versions."""
    match action:
        case Start():
            return _start_details(action)
        case ChangePlan():
            return _change_plan_details(action)
        case BookAddon() | ChangeBooking() | CancelBooking():
            return _booking_details(action)
        case _:
            return _small_details(action)


def _small_details(action: Action) -> dict[str, Any]:
    match action:
        case ChangeQuantity(component, quantity):
            return {"component": component, "quantity": quantity}
        case SetTerms(terms):
            return {"terms": None if terms is None else terms_body(terms)}
        case ExtendTrial(until):
            return {"until": instant_text(until)}
        case _:
            return {}


def _start_details(action: Start) -> dict[str, Any]:
    details: dict[str, Any] = {
        "currency": action.currency,
        "interval": action.interval.value,
        "anchor": {
            "at": instant_text(action.anchor.at),
            "zone": action.anchor.zone,
            "interval": action.anchor.interval.value,
            "count": action.anchor.count,
            **({"second": True} if action.anchor.second else {}),
            **({"backward": True} if action.anchor.backward else {}),
        },
    }
    if action.trial_end is not None:
        details["trial_end"] = instant_text(action.trial_end)
    if action.quantities:
        details["quantities"] = dict(action.quantities)
    if action.terms is not None:
        details["terms"] = terms_body(action.terms)
    if action.aligned:
        details["aligned"] = True
    return details


def _change_plan_details(action: ChangePlan) -> dict[str, Any]:
    details: dict[str, Any] = {"interval": action.interval.value}
    if action.count != 1:
        details["count"] = action.count
    if action.keep_anchor:
        details["keep_anchor"] = True
    if action.reason != "change":
        details["reason"] = action.reason
    return details


def _booking_details(action: BookAddon | ChangeBooking | CancelBooking) -> dict[str, Any]:
    if isinstance(action, CancelBooking):
        return {"booking": str(action.booking)}
    if isinstance(action, ChangeBooking):
        return {"booking": str(action.booking), **_window_body(action.window)}
    details: dict[str, Any] = _window_body(action.window)
    if action.quantity != 1:
        details["quantity"] = action.quantity
    if action.price is not None:
        details["price"] = money_body(action.price)
    return details


def _window_body(window: Period) -> dict[str, Any]:
    return {"start": instant_text(window.start), "end": instant_text(window.end)}


def read_action(
    kind: str, plan_version_id: UUID | None, addon_version_id: UUID | None, details: Any
) -> Action:
    """Read an action back.

    Raises:
        ValueError: no action is of that kind, or its version is missing.
    """
    if kind == "start":
        return _start(PlanVersionId(_required(plan_version_id)), details)
    if kind == "change_plan":
        return _change_plan(PlanVersionId(_required(plan_version_id)), details)
    if kind == "book_addon":
        return _booking(AddonVersionId(_required(addon_version_id)), details)
    if kind not in _READERS:
        raise ValueError(f"a subscription change is of unknown kind {kind!r}")
    return _READERS[kind](details)


_READERS: Mapping[str, Callable[[Any], Action]] = {
    "change_quantity": lambda said: ChangeQuantity(said["component"], said["quantity"]),
    "extend_trial": lambda said: ExtendTrial(parse_instant(said["until"])),
    "pause": lambda _: Pause(),
    "resume": lambda _: Resume(),
    "change_booking": lambda said: ChangeBooking(ChangeId(UUID(said["booking"])), _window(said)),
    "cancel_booking": lambda said: CancelBooking(ChangeId(UUID(said["booking"]))),
    "set_terms": lambda said: SetTerms(
        None if said["terms"] is None else terms_from_body(said["terms"])
    ),
    "cancel": lambda _: Cancel(),
    "reactivate": lambda _: Reactivate(),
}


def _start(version: PlanVersionId, said: Any) -> Start:
    anchor, trial_end, terms = said["anchor"], said.get("trial_end"), said.get("terms")
    return Start(
        plan_version_id=version,
        currency=said["currency"],
        interval=Interval(said["interval"]),
        anchor=Anchor(
            at=parse_instant(anchor["at"]),
            zone=anchor["zone"],
            interval=Interval(anchor["interval"]),
            count=anchor["count"],
            second=anchor.get("second", False),
            backward=anchor.get("backward", False),
        ),
        trial_end=None if trial_end is None else parse_instant(trial_end),
        quantities=said.get("quantities", {}),
        terms=None if terms is None else terms_from_body(terms),
        aligned=said.get("aligned", False),
    )


def _change_plan(version: PlanVersionId, said: Any) -> ChangePlan:
    return ChangePlan(
        plan_version_id=version,
        interval=Interval(said["interval"]),
        count=said.get("count", 1),
        keep_anchor=said.get("keep_anchor", False),
        reason=said.get("reason", "change"),
    )


def _booking(version: AddonVersionId, said: Any) -> BookAddon:
    return BookAddon(
        addon_version_id=version,
        window=_window(said),
        quantity=said.get("quantity", 1),
        price=money_from_body(said["price"]) if "price" in said else None,
    )


def _window(said: Any) -> Period:
    return Period(parse_instant(said["start"]), parse_instant(said["end"]))


def _required(value: UUID | None) -> UUID:
    if value is None:
        raise ValueError("a subscription change lacks its version")
    return value
