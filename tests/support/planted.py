"""Documents of any content, planted behind an invoice that was issued."""

import json
from typing import Any

import psycopg

from control_plane.kernel.canonical import canonical_json, sha256_hex
from control_plane.kernel.ids import InvoiceId, TenantId, format_id, new_id

SUMS = ("subtotal_minor", "discount_minor", "net_minor", "tax_minor", "total_minor", "due_minor")


def plant_invoice(admin: psycopg.Connection, tenant_id: TenantId, body: dict[str, Any]) -> str:
    """Keep a body as an invoice of the tenant, beside one that it has; return its id as text."""
    invoice_id = InvoiceId(new_id())
    frozen = canonical_json({**body, "tenant": format_id("ten", tenant_id)})
    _copy(
        admin,
        "invoices",
        tenant_id,
        id=str(invoice_id),
        number=body["number"],
        place=4242,
        part=42,
        currency=body["currency"],
        dated=body["date"],
        payable_by=body["payable_by"],
        **{name: body[name] for name in SUMS},
        applied_minor=sum(entry["amount_minor"] for entry in body["applied"]),
        body=f"\\x{frozen.hex()}",
        body_sha256=sha256_hex(frozen),
    )
    return format_id("inv", invoice_id)


def _copy(admin: psycopg.Connection, table: str, tenant_id: TenantId, **changes: Any) -> None:
    admin.execute("SET session_replication_role = replica")  # sums of a foreign body are its own
    admin.execute(
        f"INSERT INTO {table} SELECT (jsonb_populate_record(t, %s::jsonb)).* FROM {table} t "
        "WHERE tenant_id = %s LIMIT 1",
        [json.dumps(changes), tenant_id],
    )
    admin.execute("SET session_replication_role = origin")
