"""Computes an invoice of rating version 2026.1 anew from its manifest."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from billing.rating.replayer import Measurement
from billing.rating.v2026_1.due import due_lines
from billing.rating.v2026_1.invoice import Heading, Party, invoice_body
from billing.rating.v2026_1.lines import DueLine, Versions
from billing.rating.v2026_1.rating import InvoiceLine, Measured, rate
from billing.rating.v2026_1.timeline import Timeline
from control_plane.catalog.domain import AddonVersion, PlanVersion, Text
from control_plane.kernel.calendar import parse_instant
from control_plane.kernel.canonical import canonical_json
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import AddonVersionId, PlanVersionId, SubscriptionId, TenantId
from control_plane.subscriptions.domain import Timeline as RecordedTimeline


def replay(
    *,
    tenant_id: TenantId,
    timelines: Sequence[RecordedTimeline],
    plans: Mapping[PlanVersionId, PlanVersion],
    addons: Mapping[AddonVersionId, AddonVersion],
    manifest: Mapping[str, Any],
    measured: Mapping[str, Measurement],
) -> bytes:
    """Return the invoice's canonical bytes.

    Raises:
        LookupError: the timelines no longer yield one of its lines, or a measurement is missing.
    """
    heading = Heading(
        number=manifest["number"],
        tenant_id=tenant_id,
        seller=Party(**manifest["seller"]),
        buyer=Party(**manifest["buyer"]),
        currency=currency(manifest["currency"]),
        zone=manifest["zone"],
        due_at=parse_instant(manifest["due_at"]),
        part=manifest["part"],
    )
    lines = rated_lines(timelines, Versions(plans, addons), manifest, measured)
    return canonical_json(invoice_body(heading, lines))


def rated_lines(
    timelines: Sequence[RecordedTimeline],
    versions: Versions,
    manifest: Mapping[str, Any],
    measured: Mapping[str, Measurement],
) -> tuple[InvoiceLine, ...]:
    """Return the invoice's lines in its order, priced anew."""
    at = parse_instant(manifest["due_at"])
    found = {
        line.key: line
        for timeline in _as_known(timelines, manifest)
        for line in due_lines(timeline, versions, since=at, upto=at)
    }
    meters = {entry["key"]: entry["meter"] for entry in manifest["usage"]}
    return tuple(
        rate(line, _measured(line, meters, measured))
        for line in (found[key] for key in manifest["lines"])
    )


def _as_known(
    timelines: Sequence[RecordedTimeline], manifest: Mapping[str, Any]
) -> tuple[Timeline, ...]:
    """Return the timelines with the entries the invoice knew, and no later ones."""
    through = {SubscriptionId(UUID(key)): seq for key, seq in manifest["timelines"].items()}
    return tuple(
        Timeline.of(recorded, through[recorded.subscription_id])
        for recorded in timelines
        if recorded.subscription_id in through
    )


def _measured(
    line: DueLine, meters: Mapping[str, Mapping[str, Any]], measured: Mapping[str, Measurement]
) -> Measured | None:
    if line.usage is None:
        return None
    meter, found = meters[line.key], measured[line.key]
    return Measured(
        meter_code=meter["code"],
        unit=Text(**meter["unit"]),
        quantity=found.quantity,
        events=found.events,
        digest=found.digest,
    )
