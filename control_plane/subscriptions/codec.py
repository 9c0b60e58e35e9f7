"""Changes as rows, and back."""

from typing import Any

from control_plane.kernel.calendar import as_utc
from control_plane.kernel.ids import ChangeId, SubscriptionId, TenantId
from control_plane.subscriptions.action_codec import KINDS, action_details, read_action
from control_plane.subscriptions.domain import Action, Change
from control_plane.subscriptions.models import ChangeRow


def change_row(tenant_id: TenantId, change: Change) -> ChangeRow:
    """Return the row that keeps a change."""
    return ChangeRow(
        tenant_id=tenant_id,
        id=change.id,
        subscription_id=change.subscription_id,
        seq=change.seq,
        effective_at=change.effective_at,
        known_at=change.known_at,
        kind=action_kind(change.action),
        plan_version_id=getattr(change.action, "plan_version_id", None),
        addon_version_id=getattr(change.action, "addon_version_id", None),
        details=action_details(change.action),
    )


def change_from_row(row: Any) -> Change:
    """Read back what `change_row` wrote, from that row or from one with the same names."""
    return change_of(row, row.details)


def change_of(row: Any, details: Any) -> Change:
    """Read back a row whose details were decoded apart."""
    return Change(
        id=ChangeId(row.id),
        subscription_id=SubscriptionId(row.subscription_id),
        seq=row.seq,
        effective_at=as_utc(row.effective_at),
        known_at=as_utc(row.known_at),
        action=read_action(row.kind, row.plan_version_id, row.addon_version_id, details),
    )


def action_kind(action: Action) -> str:
    """Name an action as rows and audit entries do, ``change_plan`` for instance."""
    return KINDS[type(action)]
