"""A sandbox's clock from the shell: made, shown, and sent any amount ahead."""

import psycopg
import pytest

from control_plane.kernel.ids import format_id
from tests.integration.cli.shell import CHINESE, Shell
from tests.support.billing_world import organisation


@pytest.fixture
def sandbox(admin: psycopg.Connection) -> str:
    return format_id("ten", organisation(admin, "sandy", sandbox=True))


def test_a_clock_is_made_shown_and_sent_on_its_way(tallyard: Shell, sandbox: str):
    made = tallyard("clock", "create", sandbox, "--at", "2026-01-31T04:00:00+00:00")
    sent = tallyard("clock", "advance", sandbox, "--by", "P1M", "--no-wait")
    shown = tallyard("clock", "show", sandbox)

    assert made.lines == ["2026-01-31T04:00:00Z"]
    assert sent.lines == ["2026-01-31T04:00:00Z", "on its way to 2026-02-28T04:00:00Z"]
    assert shown.lines == sent.lines


def test_five_years_are_one_step_and_three_centuries_are_refused(tallyard: Shell, sandbox: str):
    tallyard("clock", "create", sandbox, "--at", "2026-01-31T04:00:00+00:00")

    refused = tallyard("clock", "advance", sandbox, "--by", "P300Y", "--no-wait")
    sent = tallyard("clock", "advance", sandbox, "--by", "P5Y", "--no-wait")

    assert refused.status == 1
    assert "2326-01-31" in refused.err
    assert sent.lines[1] == "on its way to 2031-01-31T04:00:00Z"


@pytest.mark.parametrize("where", [(), ("--by", "P1D", "--to", "2026-03-01T00:00:00Z")])
def test_where_to_is_said_once(tallyard: Shell, sandbox: str, where: tuple[str, ...]):
    tallyard("clock", "create", sandbox)

    refused = tallyard("clock", "advance", sandbox, *where)

    assert refused.status == 1
    assert "Say either when to advance to, or by how much." in refused.err


def test_a_duration_that_is_none_is_named(tallyard: Shell, sandbox: str):
    tallyard("clock", "create", sandbox)

    refused = tallyard("clock", "advance", sandbox, "--by", "30 days", LC_ALL=CHINESE)

    assert refused.status == 1
    assert "“30 days”不是大于零的时长。" in refused.err
