"""Promotional credit in the shell: once, every cycle, listed, ended."""

import pytest

from tests.integration.cli.shell import Shell
from tests.support.api import open_site


@pytest.fixture
async def bella(settings, clock):
    async with open_site(settings, clock) as site:
        yield await site.company("Bella Pizza")


async def test_credit_is_granted_listed_and_ended(tallyard: Shell, bella):
    once = tallyard("credit", "grant", bella.tenant_id, "88.00", "CNY", "--reason", "welcome")
    assert (once.status, once.lines[0][:4]) == (0, "crd_"), once.err
    every = ("--every", "month", "--times", "12", "--rollover", "1", "--rollover-most", "50.00")
    again = tallyard(
        "credit", "grant", bella.tenant_id, "100.00", "CNY", "--reason", "partner", *every
    )
    assert again.status == 0, again.err
    schedule = again.lines[0].split()[0]
    assert schedule.startswith("crs_")

    listed = tallyard("credit", "list", bella.tenant_id)
    assert len(listed.lines) == 3
    assert "every 1 month, next" in listed.lines[-1]
    assert tallyard("credit", "end", bella.tenant_id, schedule).status == 0

    refused = tallyard("credit", "end", bella.tenant_id, schedule)
    assert refused.status == 1
    wrong = tallyard("credit", "grant", bella.tenant_id, "0", "CNY", "--reason", "none")
    assert wrong.status == 1
