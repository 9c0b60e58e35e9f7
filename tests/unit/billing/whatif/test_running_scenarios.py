"""Scenarios come to the documents that the rules give, computed here by hand."""

import asyncio
import json
from pathlib import Path

import pytest

from billing.whatif.reading import read_scenario
from billing.whatif.running import Simulation, simulate

GROWTH = Path("tests/support/scenarios/growth.yaml").read_text(encoding="utf-8")
UPGRADE = Path("tests/support/scenarios/upgrade.yaml").read_text(encoding="utf-8")


def run(text: str) -> Simulation:
    return asyncio.run(simulate(read_scenario(text)))


def totals(found: Simulation) -> list[tuple[str, str, int]]:
    return [(body["kind"], body["date"], body["total_minor"]) for body in found.documents]


def test_fees_come_first_usage_last_and_what_is_unused_comes_back():
    assert totals(run(GROWTH)) == [
        ("invoice", "2026-01-10", 1999_00),
        # 31 days of 250: 7,750, less 2,000: 5,000 at 0.05 and 750 at 0.03; and the next fee.
        ("invoice", "2026-02-10", 272_50 + 1999_00),
        # 9 of 28 days unused: 642.535…
        ("credit_note", "2026-03-01", 642_54),
        # 19 days of 250 less 19/28 of 2,000, at 0.05: 169.642…
        ("invoice", "2026-03-01", 169_64),
    ]


def test_a_credit_note_settles_the_invoices_that_follow():
    last = run(GROWTH).documents[-1]
    [applied] = last["applied"]

    assert (applied["reference"], applied["amount_minor"]) == ("SIM-CN-0001", 169_64)
    assert last["due_minor"] == 0


def test_a_credit_note_says_why():
    [line] = run(GROWTH).notes[0]["lines"]

    assert [step["step"] for step in line["steps"]] == ["prorated", "rounded", "credited"]
    assert (line["steps"][0]["days"], line["steps"][0]["of_days"]) == (19, 28)


def test_sums_take_credit_notes_off():
    assert run(GROWTH).sum_of("net_minor") == 1999_00 + 2271_50 - 642_54 + 169_64


def test_an_upgrade_gives_back_the_old_fee_and_asks_for_the_new_by_days():
    assert totals(run(UPGRADE)) == [
        ("invoice", "2026-01-10", 1999_00),
        # From the 20th on, 21 of 31 days: 1,999 * 21/31 = 1,354.161…, 3,999 * 21/31 = 2,709.
        ("credit_note", "2026-01-20", 1354_16),
        ("invoice", "2026-01-20", 2709_00),
    ]


def test_tax_and_discounts_follow_the_order_of_an_invoice():
    taxed = run(
        GROWTH
        + "tax: {standard: {rate: '13'}}\n"
        + "coupons: [{code: TEN, percent: '10'}]\n"
        + "credits: [{code: GIFT, amount: '99.10'}]\n"
    )
    first = taxed.invoices[0]

    # 1,999.00 less 199.90, less 99.10: 1,700.00; 13 % are 221.00.
    assert (first["net_minor"], first["tax_minor"], first["total_minor"]) == (
        1700_00,
        221_00,
        1921_00,
    )
    assert taxed.invoices[1]["discount_minor"] == 227_15, "the gift is used up"


def test_a_credit_note_gives_tax_and_discount_back_in_proportion():
    note = run(
        GROWTH + "tax: {standard: {rate: '13'}}\ncoupons: [{code: TEN, percent: '10'}]\n"
    ).notes[0]

    assert note["subtotal_minor"] == 642_54
    assert note["net_minor"] == 578_29, "90 % of 642.54 is 578.286"
    assert note["tax_minor"] == 75_18, "13 % of 578.29 is 75.1777"


@pytest.mark.parametrize("text", [GROWTH, UPGRADE])
def test_the_same_scenario_gives_the_same_bytes(text: str):
    assert json.dumps(run(text).documents) == json.dumps(run(text).documents)
