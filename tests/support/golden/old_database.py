"""Golden invoices as rows of a database of their day, each in an organisation of its own."""

import json
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from billing.rating import replayers
from control_plane.kernel.calendar import instant_text, parse_instant
from control_plane.kernel.canonical import canonical_json
from control_plane.kernel.ids import TenantId, format_id, new_id
from control_plane.subscriptions.codec import change_row
from metering.domain.cloudevents import parse_events
from metering.domain.events import UsageEvent
from metering.domain.usage import event_set_digest
from tests.support.golden import GoldenInvoice

_FILE = Path(__file__).parent / "2026_1.json"
EVENTS = 7
EVERYTHING = "9000000000:9000000000:"
"""A look at the usage that sees every event."""


def events_of(golden: GoldenInvoice) -> list[UsageEvent]:
    """Events that measure what the golden invoice measured."""
    found = []
    for said in golden.manifest["usage"]:
        start = parse_instant(said["start"])
        for n in range(EVENTS):
            body = {
                "specversion": "1.0",
                "id": f"{golden.name}-{n}",
                "source": "/instances/ins_golden",
                "type": said["meter"]["event_type"],
                "time": instant_text(start + timedelta(hours=1 + n)),
                "data": {"lines": said["quantity"] if n == 0 else "0"},
            }
            [event] = parse_events(json.dumps(body).encode())
            assert isinstance(event, UsageEvent), event
            found.append(event)
    return found


def of_tenant(golden: GoldenInvoice, tenant_id: TenantId, place: int) -> GoldenInvoice:
    """The same invoice of another tenant, with a number of its own, over events that exist."""
    digest = event_set_digest(e.body_hash for e in events_of(golden))
    number = f"TY-2026-{place:06}"
    texts = {
        format_id("ten", golden.tenant_id): format_id("ten", tenant_id),
        golden.manifest["number"]: number,
        "ab" * 32: digest,
        '"cutoff":"10:20:"': f'"cutoff":"{EVERYTHING}"',
    }
    body, manifest = golden.body.decode(), canonical_json(golden.manifest).decode()
    for old, new in texts.items():
        body, manifest = body.replace(old, new), manifest.replace(old, new)
    return replace(golden, tenant_id=tenant_id, manifest=json.loads(manifest), body=body.encode())


def first_fee(golden: GoldenInvoice, place: int) -> GoldenInvoice | None:
    """The invoice of the start that came before a golden one, as its version made it."""
    start = golden.timeline.start
    started_at = golden.timeline.started_at
    if golden.manifest["due_at"] == instant_text(started_at):
        return None
    sub = golden.timeline.subscription_id
    manifest = {
        **golden.manifest,
        "number": f"TY-2026-{place:06}",
        "due_at": instant_text(started_at),
        "lines": [f"{sub}:base:fee:{instant_text(started_at)}"],
        "usage": [],
        "cutoff": None,
        "timelines": {str(sub): 1},
        "versions": [str(start.plan_version_id)],
    }
    body = replayers["2026.1"](
        tenant_id=golden.tenant_id,
        timelines=[golden.timeline],
        plans=golden.plans,
        addons=golden.addons,
        manifest=manifest,
        measured={},
    )
    return replace(golden, manifest=manifest, body=body, measured={})


def write_catalogue(admin: psycopg.Connection) -> None:
    """Put the versions on sale that golden invoices name."""
    said = json.loads(_FILE.read_text())
    for table, versions in (("plan_versions", "plans"), ("addon_versions", "addons")):
        for key, version in said[versions].items():
            body = canonical_json(version["body"]).decode()
            admin.execute(
                f"INSERT INTO {table} (id, code, version, body, body_sha256, published_at) "
                "VALUES (%s, %s, %s, %s, %s, '2026-01-01Z')",
                [
                    key,
                    version["body"]["code"],
                    version["version"],
                    body,
                    sha256(body.encode()).hexdigest(),
                ],
            )


def write_tenant(admin: psycopg.Connection, golden: GoldenInvoice) -> None:
    """An organisation with the golden invoice's timeline."""
    tenant, sub = golden.tenant_id, golden.timeline.subscription_id
    admin.execute(
        "INSERT INTO organisations (id, slug, name, zone) VALUES (%s, %s, %s, %s)",
        [tenant, f"t-{tenant}", "Tide & Tea", golden.manifest["zone"]],
    )
    admin.execute(
        "INSERT INTO billing_accounts (tenant_id, entity, created_at) VALUES (%s, 'live', now())",
        [tenant],
    )
    admin.execute(
        "INSERT INTO subscriptions (tenant_id, id, created_at) VALUES (%s, %s, now())",
        [tenant, sub],
    )
    for change in golden.timeline.changes:
        row = change_row(tenant, change)
        admin.execute(
            "INSERT INTO subscription_changes (tenant_id, id, subscription_id, seq, effective_at, "
            "known_at, kind, plan_version_id, addon_version_id, details) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [tenant, row.id, sub, row.seq, row.effective_at, row.known_at, row.kind,
             row.plan_version_id, row.addon_version_id, json.dumps(row.details)],
        )  # fmt: skip


def write_invoice(admin: psycopg.Connection, golden: GoldenInvoice) -> UUID:
    """An invoice as the code of its day wrote it; returns its id."""
    body: dict[str, Any] = json.loads(golden.body)
    tenant, invoice = golden.tenant_id, new_id()
    place = int(body["number"].rpartition("-")[2])
    admin.execute(
        "INSERT INTO invoices (tenant_id, id, number, entity, year, place, currency, due_at, part, "
        "dated, payable_by, total_minor, body, body_sha256, manifest, state, issued_at) VALUES "
        "(%s, %s, %s, 'live', 2026, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 'issued', now())",
        [tenant, invoice, body["number"], place, body["currency"], body["due_at"], body["part"],
         body["date"], body["payable_by"], body["total_minor"], golden.body,
         sha256(golden.body).hexdigest(), canonical_json(golden.manifest)],
    )  # fmt: skip
    for position, line in enumerate(body["lines"], start=1):
        admin.execute(
            "INSERT INTO invoice_lines (tenant_id, id, invoice_id, position, line_key, kind, "
            "subscription_id, charge_code, due_at, amount_minor, cutoff) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [tenant, new_id(), invoice, position, line["key"], line["kind"],
             golden.timeline.subscription_id, line["charge"], body["due_at"],
             line["amount_minor"], golden.manifest["cutoff"] if line["kind"] == "usage" else None],
        )  # fmt: skip
    return invoice
