"""Batches of 1,000 over HTTP into tables that hold millions of events, against empty ones.

Two databases on one server, each with its web process, take turns. What is stored already is one
tenant's, of the month before now, with identities of the same form as those that come.
"""

from collections.abc import Iterable
from statistics import median

import psycopg

from tests.support.ingest_bench import Bench, body_of, events, running_web, send_all

BATCH = 1_000
SENDERS = 2
STORED = {"small": 5_000_000, "full": 100_000_000}
AT_ONCE = 1_000_000
BATCHES = {"small": 10, "full": 50}
ROUNDS = 5

# Rows first, indexes afterwards: that takes a quarter of the time.
_BARE = """
    ALTER TABLE usage_identities DROP CONSTRAINT usage_identities_pkey;
    ALTER TABLE usage_events DROP CONSTRAINT usage_events_pkey;
    DROP INDEX usage_events_recorded;
"""
_INDEXED = """
    SET maintenance_work_mem = '512MB';
    ALTER TABLE usage_identities ADD PRIMARY KEY (tenant_id, source, id);
    ALTER TABLE usage_events ADD PRIMARY KEY (tenant_id, type, time, seq);
    CREATE INDEX usage_events_recorded ON usage_events (tenant_id, recorded, type);
"""
_FILL = """
    WITH made AS MATERIALIZED (
        SELECT 'batch-' || uuidv7(- n * apart) AS id, now() - n * apart AS time,
            '/instances/ins_01jh2k3m4n5p6q7r8s9t0vwxyz' AS source, n
        FROM generate_series(%(first)s, %(last)s) AS n,
            (SELECT CAST(%(apart)s AS interval)) AS pace (apart)
    ), known AS (
        INSERT INTO usage_identities (tenant_id, source, id, hash, event_time)
        SELECT %(tenant)s, source, id, sha256(convert_to(id, 'UTF8')), time FROM made
    )
    INSERT INTO usage_events (tenant_id, type, time, source, id, subject, data, hash)
    SELECT %(tenant)s, 'tallyard.outbound.shipment_posted', time, source, id, 'outbound',
        jsonb_build_object('calls', 1, 'lines', n %% 9 + 1, 'units', (n %% 50) || '.5'),
        sha256(convert_to(id, 'UTF8'))
    FROM made
"""


def run(size: str) -> Iterable[dict[str, object]]:
    """Yield events per second with so many stored."""
    batches = BATCHES[size]
    with running_web() as full, running_web() as empty:
        _fill(full, STORED[size])
        rounds = [(_send(full, batches), _send(empty, batches)) for _ in range(ROUNDS)]
    value, baseline = (batches * BATCH / median(side) for side in zip(*rounds, strict=True))
    yield {
        "name": "ingest_stored",
        "value": round(value),
        "unit": "events/s",
        "baseline": round(baseline),
        "ratio": round(value / baseline, 3),
        "conditions": {
            "stored": STORED[size],
            "batch": BATCH,
            "senders": SENDERS,
            "batches": batches,
            "rounds": ROUNDS,
            "web_processes": 1,
            "durable": True,
            "baseline": "the same into empty tables",
        },
    }


def _fill(bench: Bench, count: int) -> None:
    with psycopg.connect(bench.settings.database_url, autocommit=True) as superuser:
        superuser.execute("SET synchronous_commit = off")
        superuser.execute(_BARE)
        apart = f"{28 * 86_400_000_000 // count} microseconds"
        for first in range(0, count, AT_ONCE):
            last = min(count, first + AT_ONCE)
            bound = {"tenant": bench.tenant_id, "first": first + 1, "last": last, "apart": apart}
            superuser.execute(_FILL, bound)
        superuser.execute(_INDEXED)
        superuser.execute("VACUUM ANALYZE usage_identities, usage_events")
        superuser.execute("CHECKPOINT")


def _send(bench: Bench, batches: int) -> float:
    bodies = [body_of(events("batch", BATCH)) for _ in range(batches)]
    requests = [bench.request("/v1/events", body) for body in bodies]
    return send_all(bench.port, requests, SENDERS)
