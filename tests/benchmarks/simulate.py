"""The what-if engine: a year of one tenant, to rating the same quantities in a bare loop.

The engine reads what happened from events, finds what falls due when, prices it, assembles twelve
months of invoices with tax, and writes their bodies. The loop is given each month's quantities and
does nothing but price them and round. Reading the scenario's text is left out on both sides.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from statistics import median

from billing.domain.pricing import price_usage
from billing.domain.whatif.scenario import Scenario
from billing.whatif.reading import read_scenario
from billing.whatif.running import simulate
from control_plane.catalog.domain import Charge
from control_plane.kernel.calendar import Interval
from control_plane.kernel.currency import CURRENCIES
from control_plane.kernel.money import Money
from metering.domain.numbers import quantity

ROUNDS = {"small": 15, "full": 60}
CNY = CURRENCIES["CNY"]
WHOLE = Fraction(1)
METERS = ("orders", "lines", "units")
_TIERS = (
    '[{up_to: "5000", unit_price: "0.05"}, {up_to: "20000", unit_price: "0.04"}, '
    '{unit_price: "0.03"}]'
)


def scenario_text() -> str:
    """Return a year on one plan of three meters, used every day."""
    meters = "".join(
        f"    - {{code: {m}, event_type: t.{m}, aggregation: sum, property: n, module: outbound, "
        f"unit: {{en: {m}, zh: {m}}}, name: {{en: {m}, zh: {m}}}}}\n"
        for m in METERS
    )
    charges = "".join(
        f'            - {{code: {m}, kind: graduated, meter: {m}, included: "2000", '
        f"tiers: {_TIERS}}}\n"
        for m in METERS
    )
    usage = "".join(
        f'  - {{meter: {m}, from: 2026-01-10, to: 2027-01-09, per_day: "{250 + 113 * n}"}}\n'
        for n, m in enumerate(METERS)
    )
    return (
        "currency: CNY\nzone: Asia/Shanghai\nuntil: 2027-01-10T10:00\ncatalog:\n"
        "  modules: [{code: outbound, name: {en: Outbound, zh: 出库}}]\n"
        "  features: [{code: outbound, kind: boolean, module: outbound, name: {en: O, zh: 出}}]\n"
        f"  meters:\n{meters}"
        "  plans:\n    - code: growth\n      name: {en: Growth, zh: 成长版}\n"
        "      modules: [outbound]\n      prices:\n        - currency: CNY\n"
        "          interval: month\n          charges:\n"
        '            - {code: base, kind: flat, timing: advance, amount: "1999.00", '
        f"name: {{en: Base, zh: 基础}}}}\n{charges}"
        "subscriptions:\n  - {plan: growth, start: 2026-01-10T10:00}\n"
        f"tax: {{standard: {{rate: '13'}}}}\nusage:\n{usage}"
    )


def run(size: str) -> Iterable[dict[str, object]]:
    """Yield how long a simulated year takes."""
    scenario = read_scenario(scenario_text())
    charges, quantities = _by_month(scenario)
    expected = _rate(charges, quantities)
    pairs = []
    for _ in range(ROUNDS[size]):
        started = time.perf_counter()
        found = asyncio.run(simulate(scenario))
        engine = time.perf_counter() - started
        started = time.perf_counter()
        total = _rate(charges, quantities)
        pairs.append((engine, time.perf_counter() - started))
        usage = sum(
            line["amount_minor"]
            for body in found.documents
            for line in body["lines"]
            if line["kind"] == "usage"
        )
        if not usage == total == expected:
            raise AssertionError(f"the engine says {usage}, the loop {total}")
    ours, bare = (median(side) for side in zip(*pairs, strict=True))
    yield {
        "name": "simulate",
        "value": round(ours * 1000, 2),
        "unit": "ms",
        "baseline": round(bare * 1000, 2),
        "ratio": round(median(mine / theirs for mine, theirs in pairs), 2),
        "conditions": {
            "months": 12,
            "meters": len(METERS),
            "events": len(scenario.usage),
            "rounds": ROUNDS[size],
            "ratio_is": "our time to the bare loop's, median of rounds",
        },
    }


def _by_month(scenario: Scenario) -> tuple[dict[str, Charge], list[dict[str, Decimal]]]:
    [plan] = scenario.catalog.plans.values()
    price = plan.price(scenario.currency, Interval.MONTH)
    charges = {charge.meter: charge for charge in price.charges if charge.meter}
    anchor = scenario.timelines[0].anchor
    months: dict[int, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for event in scenario.usage:
        amount = quantity(event.data["n"])
        if amount is not None:
            months[anchor.index_at(event.time)][event.type.removeprefix("t.")] += amount
    return charges, [months[n] for n in sorted(months)]


def _rate(charges: dict[str, Charge], months: list[dict[str, Decimal]]) -> int:
    total = 0
    for month in months:
        for code, charge in charges.items():
            price = price_usage(charge, month[code], WHOLE)
            total += Money.rounded(price.amount, CNY).minor
    return total
