"""Reads a manifest back into the inputs that an invoice was computed from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from billing.domain.due import due_lines
from billing.domain.invoice import Heading, Party, invoice_body
from billing.domain.lines import DueLine, Versions
from billing.domain.rating import Measured, rate
from control_plane.catalog.domain import Aggregation, Meter, Text
from control_plane.kernel.calendar import parse_instant
from control_plane.kernel.canonical import canonical_json
from control_plane.kernel.currency import currency
from control_plane.kernel.ids import SubscriptionId, TenantId
from control_plane.subscriptions.domain import Timeline


@dataclass(frozen=True, slots=True)
class Recorded:
    """A usage line's measurement as the manifest recorded it."""

    meter: Meter
    since: str | None
    quantity: str
    events: int
    digest: str


def timelines_as_known(
    timelines: Sequence[Timeline], manifest: Mapping[str, Any]
) -> tuple[Timeline, ...]:
    """Return the timelines with the entries the invoice knew, and no later ones."""
    through = {SubscriptionId(UUID(key)): seq for key, seq in manifest["timelines"].items()}
    return tuple(
        Timeline(t.subscription_id, t.changes[: through[t.subscription_id]])
        for t in timelines
        if t.subscription_id in through
    )


def lines_as_due(
    timelines: Sequence[Timeline], versions: Versions, manifest: Mapping[str, Any]
) -> tuple[DueLine, ...]:
    """Return the invoice's lines as they come out of the timelines today, in its order.

    Raises:
        LookupError: the timelines no longer yield one of them.
    """
    at = parse_instant(manifest["due_at"])
    found = {
        line.key: line
        for timeline in timelines
        for line in due_lines(timeline, versions, since=at, upto=at)
    }
    return tuple(found[key] for key in manifest["lines"])


def recorded_usage(manifest: Mapping[str, Any]) -> dict[str, Recorded]:
    """Return the recorded measurements by line key."""
    return {
        entry["key"]: Recorded(
            meter=_meter(entry["meter"]),
            since=entry["since"],
            quantity=entry["quantity"],
            events=entry["events"],
            digest=entry["digest"],
        )
        for entry in manifest["usage"]
    }


def replay_body(
    tenant_id: TenantId,
    manifest: Mapping[str, Any],
    lines: Sequence[DueLine],
    measured: Mapping[str, Measured],
) -> bytes:
    """Compute an invoice's bytes anew."""
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
    rated = [rate(line, measured.get(line.key)) for line in lines]
    return canonical_json(invoice_body(heading, rated))


def _meter(said: Mapping[str, Any]) -> Meter:
    return Meter(
        code=said["code"],
        event_type=said["event_type"],
        aggregation=Aggregation(said["aggregation"]),
        property=said["property"],
        module=said["module"],
        unit=Text(**said["unit"]),
        name=Text(**said["name"]),
    )
