"""What earlier rating versions issued, kept so that their replay can be checked."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from control_plane.catalog.codec import addon_from_body, plan_from_body
from control_plane.catalog.domain import AddonVersion, PlanVersion
from control_plane.kernel.calendar import parse_instant
from control_plane.kernel.ids import AddonVersionId, PlanVersionId, SubscriptionId, TenantId
from control_plane.subscriptions.codec import change_from_row
from control_plane.subscriptions.domain import Timeline
from control_plane.subscriptions.models import ChangeRow


@dataclass(frozen=True)
class Counted:
    quantity: Decimal
    events: int
    digest: str


@dataclass(frozen=True)
class GoldenInvoice:
    """One invoice with all it was computed from; ``body`` and ``manifest`` are its bytes."""

    name: str
    tenant_id: TenantId
    timeline: Timeline
    plans: Mapping[PlanVersionId, PlanVersion]
    addons: Mapping[AddonVersionId, AddonVersion]
    measured: Mapping[str, Counted]
    manifest: dict[str, Any]
    body: bytes


def golden_invoices(version: str) -> list[GoldenInvoice]:
    """Read ``2026_1.json`` or another version's file."""
    said = json.loads((Path(__file__).parent / f"{version}.json").read_text())
    plans = {
        PlanVersionId(UUID(key)): plan_from_body(
            PlanVersionId(UUID(key)), plan["version"], plan["body"]
        )
        for key, plan in said["plans"].items()
    }
    addons = {
        AddonVersionId(UUID(key)): addon_from_body(
            AddonVersionId(UUID(key)), addon["version"], addon["body"]
        )
        for key, addon in said["addons"].items()
    }
    tenant_id = TenantId(UUID(said["tenant"]))
    return [
        GoldenInvoice(
            name=name,
            tenant_id=tenant_id,
            timeline=_timeline(tenant_id, case["timeline"]),
            plans=plans,
            addons=addons,
            measured={
                key: Counted(Decimal(m["quantity"]), m["events"], m["digest"])
                for key, m in case["measured"].items()
            },
            manifest=json.loads(case["manifest"]),
            body=case["body"].encode(),
        )
        for name, case in said["cases"].items()
    ]


def _timeline(tenant_id: TenantId, rows: list[dict[str, Any]]) -> Timeline:
    changes = [change_from_row(_row(tenant_id, row)) for row in rows]
    return Timeline(SubscriptionId(changes[0].subscription_id), tuple(changes))


def _row(tenant_id: TenantId, row: dict[str, Any]) -> ChangeRow:
    return ChangeRow(
        tenant_id=tenant_id,
        id=UUID(row["id"]),
        subscription_id=UUID(row["subscription_id"]),
        seq=row["seq"],
        effective_at=parse_instant(row["effective_at"]),
        known_at=parse_instant(row["known_at"]),
        kind=row["kind"],
        plan_version_id=None if row["plan_version_id"] is None else UUID(row["plan_version_id"]),
        addon_version_id=None if row["addon_version_id"] is None else UUID(row["addon_version_id"]),
        details=row["details"],
    )
