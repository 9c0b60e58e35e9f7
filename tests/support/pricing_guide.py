"""The examples of docs/billing/pricing.md, each put where it belongs in a catalogue."""

import re
from functools import cache
from pathlib import Path

from control_plane.catalog.domain import Catalog, Charge
from control_plane.catalog.source.reader import read_catalog

GUIDE = Path(__file__).parents[2] / "docs" / "billing" / "pricing.md"
_BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
_BEFORE = """\
modules:
  - {code: outbound, name: {en: Outbound, zh: 出库}}
features:
  - {code: outbound, kind: boolean, module: outbound, name: {en: Ship, zh: 出库}}
  - {code: outbound.orders_per_day, kind: limit, per: day, module: outbound,
     name: {en: Orders a day, zh: 每日出库单数}}
"""
_PLAN = """\
  - code: {code}
    name: {{en: Example, zh: 示例}}
    modules: [outbound]
    entitlements: {{outbound.orders_per_day: 100}}
    trial_days: 14
    policies: {{unused_credit: none}}
"""
_PRICE = """\
    prices:
      - currency: CNY
        interval: month
        charges:
"""


def blocks(key: str, text: str) -> list[str]:
    """Every example that starts with a key, without the key."""
    found = (block for block in _BLOCK.findall(text) if block.startswith(f"{key}:\n"))
    return [block.removeprefix(f"{key}:\n") for block in found]


def catalogue_text(text: str) -> str:
    """One catalogue of all examples, a plan for each list of charges or prices."""
    plans = []
    for number, charges in enumerate(blocks("charges", text)):
        lines = "".join(f"        {line}\n" for line in charges.splitlines())
        plans.append(_PLAN.format(code=f"charges_{number}") + _PRICE + lines)
    for number, prices in enumerate(blocks("prices", text)):
        lines = "".join(f"    {line}\n" for line in prices.splitlines())
        plans.append(_PLAN.format(code=f"prices_{number}") + f"    prices:\n{lines}")
    meters = "".join(blocks("meters", text))
    addons = "".join(blocks("addons", text))
    return f"{_BEFORE}meters:\n{meters}plans:\n{''.join(plans)}addons:\n{addons}"


@cache
def guide() -> Catalog:
    """The catalogue of all examples."""
    return read_catalog(catalogue_text(GUIDE.read_text()))


def guide_charge(code: str) -> Charge:
    """The example charge of a code, the first one."""
    prices = (price for plan in guide().plans.values() for price in plan.prices)
    return next(c for price in prices for c in price.charges if c.code == code)


def with_every_model(text: str, prices: str) -> str:
    """A catalogue file with one plan more, of outbound, and all the guide's meters.

    ``prices`` is the plan's, up to and including the last price's ``charges:``, to which all
    charges of the guide are added.
    """
    guide_text = GUIDE.read_text()
    lines = "".join(blocks("charges", guide_text)).splitlines()
    charges = "".join(f"        {line}\n" for line in lines)
    plan = (
        "  - code: everything\n"
        "    name: {en: Every model, zh: 全部计费方式}\n"
        "    modules: [outbound]\n"
        "    entitlements: {outbound.orders_per_day: 100}\n"
    )
    meters = "".join(blocks("meters", guide_text))
    with_meters = text.replace("\nmeters:\n", f"\nmeters:\n{meters}", 1)
    return with_meters.replace("\nplans:\n", f"\nplans:\n{plan}{prices}{charges}", 1)
