"""Usage in the shell: asked for, its rollups checked and made again."""

from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from control_plane.kernel.ids import format_id
from metering.services.roll_usage import RollUsage
from metering.stores.postgres import PostgresUsageStore
from tests.integration.cli.shell import CHINESE, Shell
from tests.support.billing_world import organisation
from tests.support.rolled import EVERY_AGGREGATION
from tests.support.usage import NOON, usage_event

SPAN = ("--from", "2026-01-09T00:00:00+08:00", "--to", "2026-01-10T00:00:00+08:00")


@pytest.fixture
async def tenant(tallyard: Shell, admin: psycopg.Connection, work, system, clock, tmp_path: Path):
    file = tmp_path / "catalogue.yaml"
    file.write_text(EVERY_AGGREGATION, encoding="utf-8")
    assert tallyard("catalog", "apply", str(file)).status == 0
    owner = organisation(admin, "bella-shop")
    data = [{"lines": 3, "endpoint": "/a"}, {"lines": 4, "endpoint": "/b"}, {"lines": 5}]
    events = [
        usage_event(f"e{n}", time=NOON + timedelta(hours=n), data=said)
        for n, said in enumerate(data)
    ]
    await PostgresUsageStore(work, system).ingest(owner, events)
    await RollUsage(work, clock)(owner)
    return format_id("ten", owner)


async def test_usage_is_shown_checked_and_rebuilt(tallyard: Shell, tenant, admin):
    asked = ("usage", "show", "--tenant", tenant, "--meter", "lines", *SPAN)

    by_hour = tallyard(*asked, "--window", "hour")
    groups = tallyard(*asked, "--group-by", "endpoint", "--filter", "endpoint=/a")
    wrong = tallyard(*asked, "--filter", "endpoint")

    assert [line.split("  ")[:3] for line in by_hour.lines[:3]] == [
        ["2026-01-09T12:00:00Z", "3", "1"],
        ["2026-01-09T13:00:00Z", "4", "1"],
        ["2026-01-09T14:00:00Z", "5", "1"],
    ]
    assert by_hour.lines[3].startswith("12  3  ")
    assert groups.lines[0] == '2026-01-08T16:00:00Z  ["/a"]  3  1'
    assert "“endpoint” is no filter of usage." in wrong.err

    assert tallyard("usage", "check").out == "The rollups hold what the events say.\n"
    admin.execute("UPDATE usage_rollups SET total = 99 WHERE level = 2 AND total = 12")
    found = tallyard("usage", "check", "--tenant", tenant)
    rebuilt = tallyard("usage", "rebuild", "--tenant", tenant, LC_ALL=CHINESE)

    assert found.status == 1
    assert '"level":"day","start":"2026-01-09T00:00:00Z"' in found.out
    assert rebuilt.out.startswith("已重新生成汇总，共 ")
    assert tallyard("usage", "check", LC_ALL=CHINESE).out == "汇总与事件一致。\n"
