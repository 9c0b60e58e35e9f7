"""Files of events, taken in from the shell."""

import json
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from control_plane.catalog.services.apply_catalog import ApplyCatalog
from control_plane.kernel.ids import format_id
from tests.integration.cli.shell import CHINESE, Done, Shell
from tests.support.billing_world import organisation
from tests.support.usage import CATALOGUE, SHIPMENT, cloud_event
from web.cli import main


@pytest.fixture
async def tenant(admin: psycopg.Connection, database, clock) -> str:
    await ApplyCatalog(database, clock)(CATALOGUE)
    return format_id("ten", organisation(admin, "bella"))


def inside(shell: Shell, *arguments: str, **changes: str) -> Done:
    """Run the command in this process: most of a short command's time is its start."""
    told = {**shell.environment, **changes}
    done = CliRunner().invoke(main, ["events", "import", *arguments], env=told)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return Done(done.exit_code, done.stdout, done.stderr)


def stored(admin: psycopg.Connection) -> int:
    return admin.execute("SELECT count(*) FROM usage_events").fetchone()[0]


def counts(text: str) -> dict[str, int]:
    words = [line.split() for line in text.splitlines()]
    return {w[0]: int(w[1]) for w in words if len(w) == 2 and w[1].isdigit()}


def test_a_file_is_rehearsed_imported_and_imported_again(
    tallyard: Shell, admin: psycopg.Connection, tenant: str, tmp_path: Path
):
    rows = [f"{SHIPMENT},2026-01-09T12:00:0{n}Z,{n}" for n in range(8)]
    twice = "known,{},2026-01-09T12:00:00Z,1"
    file = tmp_path / "usage.csv"
    file.write_text(
        "id,type,time,lines\n"
        + "\n".join(f",{row}" for row in rows)
        + "\n"
        + "\n".join([twice.format(SHIPMENT)] * 2)
        + "\n"
        + f"known,{SHIPMENT},2026-01-09T12:00:00Z,2\n"
        + f"bare,{SHIPMENT},2026-01-09T12:00:00Z,\n"
        + "odd,tallyard.unheard_of,2026-01-09T12:00:00Z,1\n"
        + "late,tallyard.outbound.scanned,2020-01-09T12:00:00Z,1\n"
    )
    refused = tmp_path / "refused.ndjson"
    told = ("--tenant", tenant, "--batch", "3", "--refused", str(refused))
    whole = {"accepted": 9, "duplicate": 1, "conflict": 1, "rejected": 2, "quarantined": 1}

    rehearsed = inside(tallyard, str(file), *told, "--dry-run")

    assert rehearsed.status == 3
    assert counts(rehearsed.out) == whole
    assert "nothing was changed" in rehearsed.out
    assert stored(admin) == 0

    done = inside(tallyard, str(file), *told)

    assert (done.status, counts(done.out)) == (3, whole)
    assert stored(admin) == 9
    assert "property_missing: 1 row(s), first in row 12" in done.out
    lines = [json.loads(line) for line in refused.read_text().splitlines()]
    assert [(line["row"], line["reason"]) for line in lines] == [
        (11, "event_conflict"),
        (12, "property_missing"),
        (14, "event_too_late"),
    ]
    assert lines[0]["event"]["id"] == "known"

    again = inside(tallyard, str(file), *told, LC_ALL=CHINESE)

    assert again.status == 3
    assert counts(again.out) == {
        "已接收": 0,
        "重复": 10,
        "冲突": 1,
        "已拒绝": 2,
        "已隔离": 1,
    }
    assert stored(admin) == 9


def test_an_import_that_was_killed_is_taken_up_where_it_was(
    tallyard: Shell, admin: psycopg.Connection, tenant: str, tmp_path: Path
):
    file = tmp_path / "usage.ndjson"
    total = 8_000
    with file.open("w") as stream:
        for n in range(total):
            stream.write(json.dumps(cloud_event(f"e{n}")) + "\n")
    command = [sys.executable, "-m", "web.cli", "events", "import", str(file), "--tenant", tenant]
    with subprocess.Popen(
        [*command, "--batch", "200"],
        env=tallyard.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        while stored(admin) < 600:
            assert process.poll() is None
        process.kill()
    reached = stored(admin)
    assert reached < total

    done = inside(tallyard, str(file), "--tenant", tenant)

    assert done.status == 0
    assert "Going on after row" in done.err
    found = counts(done.out.replace(",", ""))
    assert found["accepted"] + found["duplicate"] == total
    assert found["duplicate"] <= 200
    assert stored(admin) == total
    assert list((tmp_path / "var").glob("imports/*")) == []


def test_what_cannot_be_read_is_said_with_status_1_or_2(
    tallyard: Shell, tenant: str, tmp_path: Path
):
    odd = tmp_path / "usage.xlsx"
    odd.write_text("x")

    assert inside(tallyard, str(odd), "--tenant", tenant).status == 2
    failed = inside(tallyard, str(odd), "--tenant", tenant, "--format", "parquet")
    assert failed.status == 1
    assert "cannot be read as Parquet" in failed.err
