"""Tenants with a month of usage behind them, due to be closed, made by the thousand."""

import json
from datetime import UTC, datetime, timedelta

import psycopg

from control_plane.kernel.calendar import instant_text
from control_plane.kernel.canonical import sha256_hex
from control_plane.kernel.ids import TenantId, new_id

START = datetime(2026, 1, 10, 2, tzinfo=UTC)
DUE = datetime(2026, 2, 10, 2, tzinfo=UTC)
MODULES = ("inbound", "outbound", "stock_query", "stocktaking", "alerts", "reservations")
METERED = MODULES[:3]
EVENTS_PER_METER = 20

Connection = psycopg.Connection[tuple[object, ...]]


def catalogue() -> str:
    """Six modules in one plan, three of them metered."""
    name = {"en": "Name", "zh": "名称"}
    tiers = [{"up_to": "500", "unit_price": "0.05"}, {"unit_price": "0.03"}]
    charges: list[dict[str, object]] = [
        {"code": "base", "kind": "flat", "timing": "advance", "amount": "1999.00", "name": name}
    ]
    charges += [
        {
            "code": f"{module}_lines",
            "kind": "graduated",
            "meter": f"{module}_lines",
            "included": "100",
            "tiers": tiers,
            "name": name,
        }
        for module in METERED
    ]
    return json.dumps(
        {
            "modules": [{"code": module, "name": name} for module in MODULES],
            "features": [
                {"code": module, "kind": "boolean", "module": module, "name": name}
                for module in MODULES
            ],
            "meters": [
                {
                    "code": f"{module}_lines",
                    "event_type": f"tallyard.{module}.posted",
                    "aggregation": "sum",
                    "property": "lines",
                    "module": module,
                    "unit": name,
                    "name": name,
                }
                for module in METERED
            ],
            "plans": [
                {
                    "code": "all",
                    "name": name,
                    "modules": list(MODULES),
                    "prices": [{"currency": "CNY", "interval": "month", "charges": charges}],
                }
            ],
        }
    )


def make_tenants(superuser: Connection, count: int, *, due: bool) -> list[TenantId]:
    """Make tenants that subscribed at `START`; ``due`` ones have an invoice waiting at `DUE`."""
    tenants = [TenantId(new_id()) for _ in range(count)]
    with superuser.cursor() as cursor:
        found = cursor.execute("SELECT id FROM plan_versions").fetchone()
        plan = str(found[0]) if found else ""
        for tenant in tenants:
            _subscribe(cursor, tenant, plan, DUE if due else None)
        _report(cursor, tenants)
    superuser.commit()
    superuser.execute("ANALYZE")
    superuser.commit()
    return tenants


def _subscribe(
    cursor: "psycopg.Cursor[tuple[object, ...]]",
    tenant: TenantId,
    plan: str,
    next_due_at: datetime | None,
) -> None:
    subscription = new_id()
    details = {
        "currency": "CNY",
        "interval": "month",
        "anchor": {
            "at": instant_text(START),
            "zone": "Asia/Shanghai",
            "interval": "month",
            "count": 1,
        },
    }
    cursor.execute(
        "INSERT INTO organisations (id, slug, name, zone, language, currency, sandbox) "
        "VALUES (%s, %s, 'Shop', 'Asia/Shanghai', 'en', 'CNY', false)",
        [tenant, f"shop-{tenant.hex}"],
    )
    cursor.execute("INSERT INTO subscriptions VALUES (%s, %s, %s)", [tenant, subscription, START])
    cursor.execute(
        "INSERT INTO subscription_changes (tenant_id, id, subscription_id, seq, effective_at, "
        "known_at, kind, plan_version_id, details) VALUES (%s, %s, %s, 1, %s, %s, 'start', %s, %s)",
        [tenant, new_id(), subscription, START, START, plan, json.dumps(details)],
    )
    cursor.execute(
        "INSERT INTO billing_accounts (tenant_id, entity, closed_through, next_due_at, created_at) "
        "VALUES (%s, 'live', %s, %s, %s)",
        [tenant, START + timedelta(microseconds=1), next_due_at, START],
    )


def _report(cursor: "psycopg.Cursor[tuple[object, ...]]", tenants: list[TenantId]) -> None:
    copy = "COPY usage_events (tenant_id, type, time, source, id, data, hash) FROM STDIN"
    with cursor.copy(copy) as rows:
        for tenant in tenants:
            for module in METERED:
                for n in range(EVENTS_PER_METER):
                    when = START + timedelta(hours=n + 1)
                    data = json.dumps({"lines": n % 40 + 1})
                    digest = bytes.fromhex(sha256_hex(f"{tenant}{module}{n}".encode()))
                    kind = f"tallyard.{module}.posted"
                    rows.write_row([tenant, kind, when, "/i", f"{module}-{n}", data, digest])
