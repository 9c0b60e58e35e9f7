"""Batches of 1,000 events over HTTP against a bare pre-serialised COPY of the same rows.

The baseline copies ready-made rows into the same table with the same indexes,
1,000 a commit, as a role exempt from row-level security: no HTTP, no
authentication, no parsing, no identities. Both sides take turns on one database.
"""

import time
from collections.abc import Iterable, Sequence
from statistics import median

import psycopg

from metering.domain.cloudevents import parse_events
from metering.domain.events import UsageEvent
from tests.support.ingest_bench import Bench, body_of, events, running_web, send_all

BATCH = 1_000
SENDERS = 2
BATCHES = {"small": 20, "full": 200}
ROUNDS = 3
COPY_EVENTS = (
    "COPY usage_events (tenant_id, type, time, source, id, subject, data, hash) FROM STDIN"
)
COPY_IDENTITIES = "COPY usage_identities (tenant_id, source, id, hash, event_time) FROM STDIN"


def run(size: str) -> Iterable[dict[str, object]]:
    """Yield events per second, acknowledged after their commit."""
    batches = BATCHES[size]
    with running_web() as bench, psycopg.connect(bench.settings.database_url) as superuser:
        rounds = [_round(bench, superuser, batches) for _ in range(ROUNDS)]
    value, baseline, both = (batches * BATCH / median(side) for side in zip(*rounds, strict=True))
    yield {
        "name": "ingest_batch",
        "value": round(value),
        "unit": "events/s",
        "baseline": round(baseline),
        "ratio": round(value / baseline, 3),
        "conditions": {
            "batch": BATCH,
            "senders": SENDERS,
            "batches": batches,
            "rounds": ROUNDS,
            "web_processes": 1,
            "durable": True,
            "baseline": "COPY of ready rows into usage_events, 1,000 a commit, superuser",
            "ratio_to_copy_with_identities": round(value / both, 3),
        },
    }


def _round(
    bench: Bench, superuser: "psycopg.Connection[tuple[object, ...]]", batches: int
) -> tuple[float, float, float]:
    bodies = [body_of(events("batch", BATCH)) for _ in range(batches)]
    requests = [bench.request("/v1/events", body) for body in bodies]
    measured = send_all(bench.port, requests, SENDERS)
    rows = [_rows(bench, f"copy-{n}") for n in range(batches)]
    bare = _copy(superuser, [{COPY_EVENTS: stored} for stored, _ in rows])
    rows = [_rows(bench, f"both-{n}") for n in range(batches)]
    both = _copy(superuser, [{COPY_EVENTS: stored, COPY_IDENTITIES: ids} for stored, ids in rows])
    return measured, bare, both


def _rows(bench: Bench, prefix: str) -> tuple[bytes, bytes]:
    """Write a batch as COPY's text, once for each table."""
    parsed = parse_events(body_of(events(prefix, BATCH)))
    usable = [event for event in parsed if isinstance(event, UsageEvent)]
    stored = [_event_row(bench, event) for event in usable]
    identities = [
        f"{bench.tenant_id}\t{e.source}\t{e.id}\t\\\\x{e.body_hash.hex()}\t{e.time.isoformat()}\n"
        for e in usable
    ]
    return "".join(stored).encode(), "".join(identities).encode()


def _event_row(bench: Bench, event: UsageEvent) -> str:
    columns = [
        str(bench.tenant_id),
        event.type,
        event.time.isoformat(),
        event.source,
        event.id,
        str(event.subject),
        event.data_json.decode(),
        f"\\\\x{event.body_hash.hex()}",
    ]
    return "\t".join(columns) + "\n"


def _copy(
    superuser: "psycopg.Connection[tuple[object, ...]]", commits: Sequence[dict[str, bytes]]
) -> float:
    start = time.perf_counter()
    for tables in commits:
        with superuser.cursor() as cursor:
            for statement, rows in tables.items():
                with cursor.copy(statement) as copy:
                    copy.write(rows)
        superuser.commit()
    return time.perf_counter() - start
