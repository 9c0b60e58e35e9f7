"""Events that came too late, listed in the shell."""

import psycopg

from control_plane.kernel.ids import format_id
from tests.integration.cli.shell import CHINESE, Shell
from tests.support.billing_world import organisation
from tests.support.late_events import quarantine, refuse


def test_events_that_came_too_late_are_listed_the_latest_first(
    tallyard: Shell, admin: psycopg.Connection
):
    owner = organisation(admin, "late")
    refuse(admin, owner, "a", "b", "c")
    tenant = format_id("ten", owner)

    page = tallyard("events", "refused", "--tenant", tenant, "--limit", "2")
    rest = tallyard("events", "refused", "--tenant", tenant, *page.err.split())

    assert [line.split("  ")[4] for line in page.lines] == ["c", "b"]
    assert page.lines[0].startswith("2026-02-10T00:00:00Z  2026-01-11T00:00:00Z  t.shipment  /s")
    assert [line.split("  ")[4] for line in rest.lines] == ["a"]
    assert rest.err == ""


def test_where_nothing_was_refused_it_says_so(tallyard: Shell, admin: psycopg.Connection):
    tenant = format_id("ten", organisation(admin, "punctual"))

    assert "Nothing was refused." in tallyard("events", "refused", "--tenant", tenant).err
    chinese = tallyard("events", "refused", "--tenant", tenant, LC_ALL=CHINESE)
    assert "没有被拒收的事件。" in chinese.err


def test_quarantined_events_are_listed_and_discarded(tallyard: Shell, admin: psycopg.Connection):
    owner = organisation(admin, "apart")
    quarantine(admin, owner, "a", "b")
    tenant = ("--tenant", format_id("ten", owner))

    page = tallyard("events", "quarantined", *tenant, "--limit", "1")
    nothing = tallyard("events", "replay", *tenant)
    discarded = tallyard(
        "events", "discard", *tenant, "--type", "t.nap", "--reason", "test", LC_ALL=CHINESE
    )

    assert [line.split("  ")[4] for line in page.lines] == ["b"]
    assert "2 of t.nap, counted by no meter." in page.err
    assert "--after" in page.err
    assert nothing.out.strip() == "0 counted, 0 counted before, 0 too late, 0 still there."
    assert discarded.out.strip() == "已丢弃 2 个。"
