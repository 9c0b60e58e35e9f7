"""The guide to policies names every policy and every value, the default first, and no others."""

import re
from pathlib import Path

from control_plane.catalog.policies import DEFAULTS, POLICY_NAMES, policy_choices

ROW = re.compile(r"^\| `(\w+)`(?: §)? \| ([^|]+) \|", re.MULTILINE)


def test_the_guide_lists_exactly_what_can_be_chosen():
    rows = dict(ROW.findall(Path("docs/billing/policies.md").read_text(encoding="utf-8")))
    wanted = {
        name: ", ".join(policy_choices(name)) or f"{getattr(DEFAULTS, name)} (0 to 365)"
        for name in POLICY_NAMES
    }

    assert rows == wanted
