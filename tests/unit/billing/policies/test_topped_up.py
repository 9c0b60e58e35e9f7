"""A true-up without a category of its own is taxed as what it tops up, of earlier invoices too."""

import asyncio

from billing.whatif.reading import read_scenario
from billing.whatif.running import simulate
from tests.unit.billing.policies.scenarios import bill

COMMITTED = bill(
    '{code: base, kind: flat, amount: "30.00", tax_category: service, name: {en: B, zh: 基}},'
    ' {meter: lines, kind: per_unit, unit_price: "1"}',
    "{at: 2026-02-10, do: cancel}",
    until="2026-02-10",
    more='usage: [{meter: lines, at: 2026-01-12, quantity: "10"}]\n'
    "tax: {standard: {rate: '13'}, service: {rate: '6'}}",
).replace("charges:", 'commitment: {amount: "100.00"}, charges:', 1)


def test_a_true_up_is_taxed_in_proportion_also_to_what_was_invoiced_earlier():
    first, last = asyncio.run(
        simulate(read_scenario(COMMITTED.replace("PLAN_POLICIES", "")))
    ).invoices

    # 30.00 of service was invoiced in advance, 10.00 of standard now: 60.00 is split 45 and 15.
    assert [line["net_minor"] for line in first["lines"]] == [30_00]
    assert {
        (line["charge"], line["tax_category"]): line["net_minor"] for line in last["lines"]
    } == {
        ("lines", "standard"): 10_00,
        ("commitment", "service"): 45_00,
        ("commitment", "standard"): 15_00,
    }
    assert last["tax_minor"] == 3_25 + 2_70, "13 % of 25.00 and 6 % of 45.00"
