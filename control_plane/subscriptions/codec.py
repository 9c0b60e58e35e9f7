"""Changes as rows, and back."""

from typing import Any
from uuid import UUID

from control_plane.kernel.calendar import (
    Anchor,
    Interval,
    Period,
    as_utc,
    instant_text,
    parse_instant,
)
from control_plane.kernel.ids import (
    AddonVersionId,
    ChangeId,
    PlanVersionId,
    SubscriptionId,
    TenantId,
)
from control_plane.subscriptions.domain import (
    Action,
    BookAddon,
    Cancel,
    Change,
    ChangePlan,
    Start,
)
from control_plane.subscriptions.models import ChangeRow


def change_row(tenant_id: TenantId, change: Change) -> ChangeRow:
    """Return the row that keeps a change."""
    kind, details = _details(change.action)
    return ChangeRow(
        tenant_id=tenant_id,
        id=change.id,
        subscription_id=change.subscription_id,
        seq=change.seq,
        effective_at=change.effective_at,
        known_at=change.known_at,
        kind=kind,
        plan_version_id=getattr(change.action, "plan_version_id", None),
        addon_version_id=getattr(change.action, "addon_version_id", None),
        details=details,
    )


def change_from_row(row: ChangeRow) -> Change:
    """Read back what `change_row` wrote."""
    return Change(
        id=ChangeId(row.id),
        subscription_id=SubscriptionId(row.subscription_id),
        seq=row.seq,
        effective_at=as_utc(row.effective_at),
        known_at=as_utc(row.known_at),
        action=_action(row),
    )


def action_kind(action: Action) -> str:
    """Name an action as rows and audit entries do, ``change_plan`` for instance."""
    return _details(action)[0]


def _details(action: Action) -> tuple[str, dict[str, Any]]:
    match action:
        case Start(currency=currency, interval=interval, anchor=anchor):
            return "start", {
                "currency": currency,
                "interval": interval.value,
                "anchor": {
                    "at": instant_text(anchor.at),
                    "zone": anchor.zone,
                    "interval": anchor.interval.value,
                    "count": anchor.count,
                },
            }
        case ChangePlan(interval=interval):
            return "change_plan", {"interval": interval.value}
        case BookAddon(window=window):
            return "book_addon", {
                "start": instant_text(window.start),
                "end": instant_text(window.end),
            }
        case Cancel():
            return "cancel", {}


def _action(row: ChangeRow) -> Action:
    details = row.details
    match row.kind:
        case "start":
            return Start(
                plan_version_id=PlanVersionId(_required(row.plan_version_id)),
                currency=details["currency"],
                interval=Interval(details["interval"]),
                anchor=Anchor(
                    at=parse_instant(details["anchor"]["at"]),
                    zone=details["anchor"]["zone"],
                    interval=Interval(details["anchor"]["interval"]),
                    count=details["anchor"]["count"],
                ),
            )
        case "change_plan":
            return ChangePlan(
                plan_version_id=PlanVersionId(_required(row.plan_version_id)),
                interval=Interval(details["interval"]),
            )
        case "book_addon":
            return BookAddon(
                addon_version_id=AddonVersionId(_required(row.addon_version_id)),
                window=Period(parse_instant(details["start"]), parse_instant(details["end"])),
            )
        case "cancel":
            return Cancel()
        case kind:
            raise ValueError(f"subscription change {row.id} is of unknown kind {kind!r}")


def _required(value: UUID | None) -> UUID:
    if value is None:
        raise ValueError("a subscription change lacks its version")
    return value
