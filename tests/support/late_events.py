"""Usage events that were refused for coming too late, as the store keeps them."""

import psycopg

from control_plane.kernel.ids import TenantId


def refuse(admin: psycopg.Connection, tenant_id: TenantId, *event_ids: str) -> None:
    """Keep events of 11 January, refused on 10 February, in the order given."""
    for event_id in event_ids:
        admin.execute(
            "INSERT INTO usage_refusals (tenant_id, reason, refused_at, type, time, source, id, "
            "data, hash) VALUES (%s, 'event_too_late', '2026-02-10Z', 't.shipment', "
            "'2026-01-11Z', '/s', %s, '{\"lines\": 12}', %s)",
            [tenant_id, event_id, event_id.encode()],
        )


def quarantine(admin: psycopg.Connection, tenant_id: TenantId, *ids: str) -> None:
    """Keep events of a type that no meter counts, one after the other."""
    for name in ids:
        admin.execute(
            "INSERT INTO usage_quarantine (tenant_id, type, time, source, id, data, hash, "
            "received_at, revision) VALUES (%s, 't.nap', '2026-01-11T00:00Z', '/s', %s, '{}', "
            "'\\x00', '2026-02-10T00:00Z', 0)",
            (tenant_id, name),
        )
