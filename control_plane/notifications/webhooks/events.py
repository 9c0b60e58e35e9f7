"""The types of event that are told, and how a use case tells one.

A type is announced in the transaction of what it tells of; what leaves is one message, the same
to every endpoint, under one id over all attempts.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from control_plane.kernel.calendar import instant_text
from control_plane.kernel.ids import OutboxId, TenantId, new_id
from control_plane.runtime.topics import WEBHOOK_EVENT
from control_plane.runtime.writes import Write


class EventType(StrEnum):
    """What an endpoint may ask to be told of. A type's data keep their schema for ever."""

    ENTITLEMENTS_CHANGED = "entitlements.changed"
    """Data: ``{"revision": int}``."""
    THRESHOLD_REACHED = "usage.threshold_reached"
    """Data: ``{"feature", "name", "meter", "period", "period_start", "period_end",
    "threshold_percent", "used", "limit"}``; quantities are texts."""
    FORECAST_EXCEEDS = "usage.forecast_exceeds"
    """Data: as above without the threshold, with ``forecast``."""
    STANDING_ANNOUNCED = "standing.announced"
    """Data: ``{"standing", "next", "at", "overdue_since", "invoices", "open"}``: the step that
    comes, and when."""
    STANDING_CHANGED = "standing.changed"
    """Data: ``{"standing", "previous", "reason"}``."""
    INVOICE_ISSUED = "invoice.issued"
    """Data: ``{"invoice", "currency", "total_minor"}``."""
    INVOICE_PAID = "invoice.paid"
    """Data: ``{"invoice", "number", "currency", "total_minor"}``."""
    INVOICE_OVERDUE = "invoice.overdue"
    """Data: ``{"invoice", "number", "currency", "open_minor", "payable_by"}``."""


TEST = "webhook.test"
"""Sent by hand to try an endpoint; nobody subscribes to it."""

# Where nobody listens nothing is written: most organisations have no endpoint.
_ANNOUNCE = text(
    "INSERT INTO outbox (tenant_id, id, topic, payload, available_at) "
    "SELECT CAST(:tenant_id AS uuid), CAST(:id AS uuid), :topic, CAST(:payload AS jsonb), "
    "transaction_timestamp() WHERE EXISTS (SELECT FROM webhook_endpoints e "
    "WHERE e.tenant_id = CAST(:tenant_id AS uuid) AND e.disabled_at IS NULL "
    "AND CAST(:type AS text) = ANY (e.events))"
)


def announcement(
    tenant_id: TenantId, event: EventType, data: Mapping[str, object], *, at: datetime
) -> Write:
    """Return what `announce` writes, for a use case that sends many writes together."""
    payload = {"type": event.value, "at": instant_text(at), "data": dict(data)}
    return Write(
        _ANNOUNCE,
        {
            "tenant_id": tenant_id,
            "id": OutboxId(new_id()),
            "topic": WEBHOOK_EVENT,
            "payload": json.dumps(payload),
            "type": event.value,
        },
    )


async def announce(
    session: AsyncSession,
    tenant_id: TenantId,
    event: EventType,
    data: Mapping[str, object],
    *,
    at: datetime,
) -> None:
    """Tell the tenant's endpoints that something happened, once the transaction has committed.

    Args:
        session: the transaction of what it tells of, bound to the tenant.
        tenant_id: whose endpoints.
        event: the type, which says what ``data`` hold.
        data: JSON: ids in their text form, amounts in minor units, quantities as texts.
        at: when it happened, on the tenant's clock.
    """
    write = announcement(tenant_id, event, data, at=at)
    await session.execute(write.statement, write.values)
