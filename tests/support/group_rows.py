"""A group's rows, as its use cases would have left them."""

import json

import psycopg

from control_plane.kernel.ids import TenantId, format_id, new_id


def keep_group(admin: psycopg.Connection, tenant_id: TenantId, word: str) -> dict[str, str]:
    """A request to the tenant's group, and a consolidated invoice of its own; give their ids."""
    child, membership, made = new_id(), new_id(), new_id()
    admin.execute(
        "INSERT INTO organisations (id, slug, name, zone, language, currency, sandbox, created_at, "
        "state) VALUES (%s, %s, %s, 'UTC', 'en', 'CNY', true, '2026-01-01Z', 'active')",
        [child, f"{word}-branch", f"{word} branch"],
    )
    admin.execute(
        "INSERT INTO group_memberships (tenant_id, id, parent_id, child_name, parent_name, "
        "parent_pays, state, requested_by, requested_at) "
        "VALUES (%s, %s, %s, %s, %s, true, 'requested', 'usr', '2026-01-10Z')",
        [child, membership, tenant_id, f"{word} branch", word],
    )
    number = f"SBX-G-{word}-000001"
    body = {
        "number": number,
        "tenant": format_id("ten", tenant_id),
        "seller": {"name": "Tallyard", "reference": "sandbox"},
        "buyer": {"name": word, "reference": word},
        "currency": "CNY",
        "zone": "UTC",
        "first_day": "2026-01-09",
        "last_day": "2026-01-09",
        "date": "2026-01-10",
        "payable_by": "2026-01-24",
        "invoices": [],
        "taxes": [],
        "net_minor": 10000,
        "tax_minor": 0,
        "invoiced_minor": 10000,
        "settled_minor": 0,
        "total_minor": 10000,
    }
    admin.execute(
        "INSERT INTO consolidated_invoices (tenant_id, id, number, entity, year, place, currency, "
        "first_day, last_day, dated, payable_by, total_minor, body, body_sha256, issued_at) "
        "VALUES (%s, %s, %s, %s, 2026, 1, 'CNY', '2026-01-09', '2026-01-09', '2026-01-10', "
        "'2026-01-24', 10000, %s, '', '2026-01-10Z')",
        [tenant_id, made, number, f"of {word}", json.dumps(body).encode()],
    )
    return {
        "membership_id": format_id("mem", membership),
        "consolidated_id": format_id("cin", made),
    }
