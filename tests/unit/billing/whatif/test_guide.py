"""The guide's scenario is run as it stands."""

import asyncio
import re
from pathlib import Path

from billing.whatif.reading import read_scenario
from billing.whatif.running import simulate

GUIDE = Path("docs/billing/what-if.md").read_text(encoding="utf-8")


def test_the_guides_scenario_comes_to_two_invoices_with_tax():
    [scenario] = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)

    found = asyncio.run(simulate(read_scenario(scenario)))

    # 1,999.00 and 13 %; then 7,750 lines less 2,000 (272.50), the next fee, and 13 % of both.
    assert [body["total_minor"] for body in found.invoices] == [2258_87, 2566_80]
