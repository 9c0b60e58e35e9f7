"""Tenants with a month of usage behind them, due to be closed, made by the thousand."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg

from control_plane.kernel.calendar import instant_text
from control_plane.kernel.ids import TenantId, new_id

START = datetime(2026, 1, 10, 2, tzinfo=UTC)
DUE = datetime(2026, 2, 10, 2, tzinfo=UTC)
MODULES = ("inbound", "outbound", "stock_query", "stocktaking", "alerts", "reservations")
METERED = MODULES[:3]
PER_DAY = "outbound.orders_per_day"
EVENTS_PER_METER = 20

_AT_ONCE = 2000
_DETAILS = {
    "currency": "CNY",
    "interval": "month",
    "anchor": {
        "at": instant_text(START),
        "zone": "Asia/Shanghai",
        "interval": "month",
        "count": 1,
    },
}
_NEW = """unnest(%(tenants)s::uuid[], %(subscriptions)s::uuid[], %(changes)s::uuid[])
    AS new (tenant, subscription, change)"""
_MAKE = (
    f"""
    INSERT INTO organisations (id, slug, name, zone, language, currency, sandbox)
    SELECT tenant, 'shop-' || tenant, 'Shop', 'Asia/Shanghai', 'en', 'CNY', false FROM {_NEW}
    """,
    f"INSERT INTO subscriptions SELECT tenant, subscription, %(start)s FROM {_NEW}",
    f"""
    INSERT INTO subscription_changes (tenant_id, id, subscription_id, seq, effective_at, known_at,
        kind, plan_version_id, details)
    SELECT tenant, change, subscription, 1, %(start)s, %(start)s, 'start', plan.id,
        %(details)s::jsonb
    FROM {_NEW}, (SELECT id FROM plan_versions WHERE code = 'all') AS plan
    """,
    f"""
    INSERT INTO billing_accounts (tenant_id, entity, closed_through, next_due_at, created_at)
    SELECT tenant, 'live', %(closed)s, %(due)s::timestamptz, %(start)s FROM {_NEW}
    """,
)
_REPORT = """
    INSERT INTO usage_events (tenant_id, type, time, source, id, data, hash)
    SELECT tenant, 'tallyard.' || module || '.posted', start + n * interval '1 hour', '/i', id,
        jsonb_build_object('lines', n %% 40 + 1), sha256(convert_to(tenant || id, 'UTF8'))
    FROM unnest(%(tenants)s::uuid[]) AS tenant, unnest(%(modules)s::text[]) AS module,
        generate_series(1, %(events)s) AS n, CAST(%(start)s AS timestamptz) AS start,
        LATERAL concat(module, '-', start, '-', n) AS id
"""

Connection = psycopg.Connection[tuple[object, ...]]


def catalogue() -> str:
    """Six modules in one plan, three of them metered; a dearer plan, and an add-on for a season."""
    name = {"en": "Name", "zh": "名称"}
    tiers = [{"up_to": "500", "unit_price": "0.05"}, {"unit_price": "0.03"}]
    usage: list[dict[str, object]] = [
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
            ]
            + [
                {
                    "code": PER_DAY,
                    "kind": "limit",
                    "per": "day",
                    "module": "outbound",
                    "name": name,
                }
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
                _plan("all", "1999.00", 100, usage, name),
                _plan("plus", "2999.00", 200, usage, name),
            ],
            "addons": [
                {
                    "code": "peak_618",
                    "season": "618",
                    "name": name,
                    "requires": ["outbound"],
                    "grants": {PER_DAY: 400},
                    "prices": [{"currency": "CNY", "amount": "888.00"}],
                }
            ],
        }
    )


def _plan(
    code: str, fee: str, per_day: int, usage: list[dict[str, object]], name: dict[str, str]
) -> dict[str, object]:
    base = {"code": "base", "kind": "flat", "timing": "advance", "amount": fee, "name": name}
    return {
        "code": code,
        "name": name,
        "modules": list(MODULES),
        "entitlements": {PER_DAY: per_day},
        "prices": [{"currency": "CNY", "interval": "month", "charges": [base, *usage]}],
    }


def make_tenants(
    superuser: Connection, count: int, *, due: bool, events: int = EVENTS_PER_METER
) -> list[TenantId]:
    """Make tenants that subscribed at `START`; ``due`` ones have an invoice waiting at `DUE`."""
    tenants = [TenantId(new_id()) for _ in range(count)]
    with superuser.cursor() as cursor:
        for first in range(0, count, _AT_ONCE):
            part = tenants[first : first + _AT_ONCE]
            bound = {
                "tenants": part,
                "subscriptions": [new_id() for _ in part],
                "changes": [new_id() for _ in part],
                "start": START,
                "closed": START + timedelta(microseconds=1),
                "due": DUE if due else None,
                "details": json.dumps(_DETAILS),
            }
            for statement in _MAKE:
                cursor.execute(statement, bound)
            report(cursor, part, START, events)
    superuser.commit()
    superuser.execute("ANALYZE")
    superuser.commit()
    return tenants


def report(
    cursor: "psycopg.Cursor[tuple[object, ...]]",
    tenants: Sequence[UUID],
    start: datetime,
    events: int,
) -> None:
    """Report so many events of each meter, an hour apart, from an instant on."""
    bound = {"tenants": list(tenants), "modules": list(METERED), "start": start, "events": events}
    cursor.execute(_REPORT, bound)
