"""Events written to files and read back, and what retention would do, from the shell."""

import asyncio
import json
from decimal import Decimal
from pathlib import Path

import psycopg
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from control_plane.kernel.ids import format_id
from control_plane.runtime.unit_of_work import SystemWork, UnitOfWork
from metering.domain.cloudevents import parse_events
from metering.domain.events import UsageEvent
from metering.services.export_usage import ExportUsage
from metering.sources.writing import COLUMNS, writing
from metering.stores.postgres import PostgresUsageStore
from tests.integration.cli.shell import CHINESE, Done, Shell
from tests.support.billing_world import organisation
from tests.support.usage import FEBRUARY, JANUARY, LINES, usage_event
from web.cli import main

SENT = [
    usage_event("exact", data={"lines": "999999999999999999.000000000001", "n": 0, "名": ["值"]}),
    usage_event("number", data={"lines": 3, "small": "0.1"}, subject=...),
    usage_event("wrong", data={"lines": 100}),
    usage_event("right", data={"lines": 7}, corrects="wrong"),
    usage_event("gone", data={"lines": 50}),
    usage_event("undo", data={"why": "twice"}, retracts="gone", subject=...),
]


def usage(shell: Shell, *arguments: str, **changes: str) -> Done:
    """Run the command in this process: most of a short command's time is its start."""
    done = CliRunner().invoke(main, ["usage", *arguments], env={**shell.environment, **changes})
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return Done(done.exit_code, done.stdout, done.stderr)


@pytest.fixture
async def store(database, admin):
    return PostgresUsageStore(UnitOfWork(database), SystemWork(database))


@pytest.mark.parametrize("name", ["usage.parquet", "usage.ndjson"])
async def test_what_is_exported_and_taken_in_elsewhere_adds_up_to_the_same(
    tallyard, store, admin, tmp_path: Path, name
):
    mine, theirs = organisation(admin, "from"), organisation(admin, "to")
    await store.ingest(mine, [*SENT, usage_event("later", time=FEBRUARY.start)])
    await store.ingest(theirs, [usage_event("other")])
    file = tmp_path / name
    span = ("--from", "2026-01-01T00:00:00Z", "--to", "2026-02-01T00:00:00Z")

    told = ("export", str(file), "--tenant", format_id("ten", mine), *span)
    done = await asyncio.to_thread(usage, tallyard, *told)

    assert (done.status, done.err) == (0, "6 event(s) written.\n")
    assert list(tmp_path.iterdir()) == [file]
    sent = {event.id: event for event in events_of(file)}
    assert sent == {event.id: event for event in SENT}
    assert sent["exact"].data["lines"] == "999999999999999999.000000000001"
    other = organisation(admin, "elsewhere")
    assert {r.status.value for r in await store.ingest(other, list(sent.values()))} == {"accepted"}
    cutoff = await store.cutoff()
    totals = [
        await store.total(tenant, LINES, JANUARY, cutoff=cutoff, since=None)
        for tenant in (mine, other)
    ]
    assert totals[0] == totals[1]
    assert totals[0].quantity == Decimal("1000000000000000009.000000000001")


def events_of(file: Path) -> list[UsageEvent]:
    if file.suffix == ".parquet":
        table = pq.read_table(file)
        assert tuple(table.column_names) == COLUMNS
        lines = [line_of(row) for row in table.to_pylist()]
    else:
        lines = file.read_text().splitlines()
    events = parse_events(f"[{','.join(lines)}]".encode())
    assert all(isinstance(event, UsageEvent) for event in events)
    return events


def line_of(row: dict) -> str:
    data = row.pop("data")
    named = {name: value for name, value in row.items() if value is not None}
    head = json.dumps({"specversion": "1.0", **named, "time": row["time"].isoformat()})
    return f'{head[:-1]}, "data": {data}}}'


async def test_a_large_export_is_read_and_written_in_batches(store, work, admin, tmp_path: Path):
    tenant = organisation(admin, "large")
    await store.ingest(tenant, [usage_event(f"e{n}") for n in range(250)])
    file, sizes = tmp_path / "usage.parquet", []

    with writing(file) as writer:
        async for batch in ExportUsage(work, store, {}, batch=100)(tenant, JANUARY):
            # Outside the look that the export began with.
            await store.ingest(tenant, [usage_event(f"late-{len(sizes)}")])
            sizes.append(len(batch))
            writer.write(batch)

    assert sizes == [100, 100, 50]
    written = pq.ParquetFile(file)
    assert (written.metadata.num_rows, written.num_row_groups) == (250, 3)
    assert len(set(pq.read_table(file).column("id").to_pylist())) == 250


def test_a_file_that_could_not_be_finished_leaves_nothing(tmp_path: Path):
    file = tmp_path / "usage.ndjson"
    file.write_text("of before")

    with pytest.raises(RuntimeError), writing(file) as writer:
        writer.write(SENT)
        raise RuntimeError

    assert file.read_text() == "of before"
    assert list(tmp_path.iterdir()) == [file]


def test_retention_says_what_would_go_and_why_not(tallyard, admin: psycopg.Connection):
    organisation(admin, "bella")
    admin.execute("SELECT usage_partition_for('2026-01-05Z')")

    never = usage(tallyard, "retention")
    some = usage(tallyard, "retention", TALLYARD_USAGE_RETENTION_DAYS="30")
    there = admin.execute("SELECT to_regclass('usage_events_2026_01') IS NULL").fetchone()
    done = usage(
        tallyard, "retention", "--apply", TALLYARD_USAGE_RETENTION_DAYS="30", LC_ALL=CHINESE
    )

    assert [line.split()[2:] for line in never.lines[:1]] == [["stays"]]
    assert "Events are kept for ever." in never.err
    assert some.lines[0].startswith("2026-01")
    assert some.lines[0].endswith("goes")
    assert some.lines[-1].endswith("stays: not old enough")
    assert there == (False,)
    assert done.lines[-1].startswith("已删除 ")
    gone = admin.execute("SELECT to_regclass('usage_events_2026_01') IS NULL").fetchone()
    assert gone == (True,)
