"""``tallyard plan migrate``: shown first, run once, gone on with."""

import csv
import io

from control_plane.kernel.clock import SystemClock
from tests.integration.cli.shell import Shell
from tests.support.api import CATALOGUE, open_site

DEARER = CATALOGUE.read_text(encoding="utf-8").replace('amount: "1999.00"', 'amount: "2199.00"')


async def test_a_migration_is_shown_written_and_run(tallyard: Shell, settings, tmp_path):
    async with open_site(settings, SystemClock()) as site:
        bella = await site.company("=Bella")
        answer = await bella.post("/v1/subscriptions", {"plan_code": "growth"})
        assert answer.status_code == 201, answer.text
        await site.application.apply_catalog(DEARER)
    sheet = tmp_path / "impact.csv"

    shown = tallyard("plan", "migrate", "growth", "--csv", str(sheet), LC_ALL="en_GB.UTF-8")
    ran = tallyard("plan", "migrate", "growth", "--run")
    again = tallyard("plan", "migrate", "growth", "--run")
    wrong = tallyard("plan", "migrate", "growth", "--mode", "on_date")
    unknown = tallyard("plan", "migrate", "none")

    assert shown.status == 0, shown.err
    assert shown.lines[0] == "To growth@2: 1 subscriptions, 1 pay more, 0 pay less."
    [row] = csv.DictReader(io.StringIO(sheet.read_text(encoding="utf-8")))
    assert (row["customer"], row["before"], row["after"]) == ("'=Bella", "1999.00", "2199.00")
    assert (row["difference"], row["reason"]) == ("200.00", "")
    assert (ran.status, again.status) == (0, 0), ran.err
    assert ran.out == again.out
    assert "   moved  1" in ran.out.splitlines()
    assert (wrong.status, unknown.status) == (1, 1)
