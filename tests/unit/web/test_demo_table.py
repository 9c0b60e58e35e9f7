"""The demo's closing table."""

from io import StringIO

import pytest
from rich.console import Console

from web.demo.clients import Tally
from web.demo.journey import Month
from web.demo.report import year_table


@pytest.mark.parametrize("width", [80, 200])
def test_the_year_s_table_is_cut_nowhere(width: int) -> None:
    busy = Month(shipped=Tally(calls=9_000, lines=60_000, units=120_000, refused=99))
    months = dict.fromkeys(range(1, 13), busy)
    invoices = [{"dated": f"2026-{number:02}-10", "total": "19999.99"} for number in months]
    shown = StringIO()

    Console(file=shown, width=width).print(year_table(months, invoices, invoices))

    *_, year = (line for line in shown.getvalue().splitlines() if line.strip())
    total = "239,999.88"
    assert year.split() == ["year", "108,000", "720,000", "1,440,000", "1,188", "12", total, total]
    assert "…" not in shown.getvalue()
