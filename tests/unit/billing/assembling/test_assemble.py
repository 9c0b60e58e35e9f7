"""Invoices' amounts, by worked examples."""

from dataclasses import replace
from decimal import Decimal
from uuid import UUID

import pytest

from billing.domain.assembling import (
    Balance,
    BilledInvoice,
    CreditExceedsLine,
    LineNotOnInvoice,
    RoundingNotAllowed,
    TaxCategoryUnknown,
    TaxTreatment,
    assemble,
    reduce,
)
from control_plane.catalog.policies import (
    DEFAULTS,
    CouponOrder,
    SplitTies,
    TaxRounding,
)
from control_plane.kernel.money import CurrencyMismatch, MoneyOutOfRange
from tests.support.assembling import CHINA, coupon, credit, line, money

PER_LINE = replace(DEFAULTS, tax_rounding=TaxRounding.LINE)


def test_the_order_is_coupons_then_credits_then_tax_then_balances():
    found = assemble(
        [line(10000, "a"), line(5000, "b")],
        policies=DEFAULTS,
        coupons=[coupon("10")],
        credits=[credit(2000)],
        treatments=CHINA,
        balances=[Balance(UUID(int=1), "credit_note", "CN-1", money(995))],
    )

    assert [n.discount.minor for n in found.lines] == [2333, 1167]
    assert (found.net.minor, found.tax.minor, found.total.minor) == (11500, 1495, 12995)
    assert found.due.minor == 12000


def test_each_coupon_takes_from_what_the_one_before_left():
    found = assemble([line(10000)], policies=DEFAULTS, coupons=[coupon("50"), coupon("50")])

    assert found.net.minor == 2500


def test_a_fixed_coupon_never_takes_more_than_there_is():
    found = assemble([line(300)], policies=DEFAULTS, coupons=[coupon(amount=1000)])

    assert (found.net.minor, found.used[0].amount.minor) == (0, 300)


def test_a_coupon_touches_only_the_lines_in_its_scope():
    lines = [line(1000, "a"), line(1000, "b", charge_code="calls"), line(1000, "c", item="x@2")]

    by_charge = assemble(lines, policies=DEFAULTS, coupons=[coupon("50", charges=("calls",))])
    by_plan = assemble(lines, policies=DEFAULTS, coupons=[coupon("50", plans=("x",))])

    assert [n.net.minor for n in by_charge.lines] == [1000, 500, 1000]
    assert [n.net.minor for n in by_plan.lines] == [1000, 1000, 500]


def test_the_odd_unit_goes_to_the_first_line_or_by_key():
    lines = [line(100, "b"), line(100, "a"), line(100, "c")]
    by_key = replace(DEFAULTS, split_ties=SplitTies.KEY)

    first = assemble(lines, policies=DEFAULTS, coupons=[coupon(amount=1)])
    lowest = assemble(lines, policies=by_key, coupons=[coupon(amount=1)])

    assert [n.discount.minor for n in first.lines] == [1, 0, 0]
    assert [n.discount.minor for n in lowest.lines] == [0, 1, 0]


def test_a_coupon_before_the_minimum_leaves_the_minimum():
    before = replace(DEFAULTS, coupons=CouponOrder.BEFORE_MINIMUM)
    lines = [line(1000, "above"), line(600, "topped up")]
    floors = {"above": money(800), "topped up": money(600)}

    found = assemble(lines, policies=before, coupons=[coupon("50")], floors=floors)
    after = assemble(lines, policies=DEFAULTS, coupons=[coupon("50")], floors=floors)

    assert [n.net.minor for n in found.lines] == [800, 600]
    assert [n.net.minor for n in after.lines] == [500, 300]


def test_coupons_before_the_minimum_are_refused_where_the_minimum_is_not_told():
    before = replace(DEFAULTS, coupons=CouponOrder.BEFORE_MINIMUM)

    with pytest.raises(TypeError, match="floors"):
        assemble([line(1)], policies=before, coupons=[coupon("50")])


def test_a_commitment_is_taxed_as_the_lines_it_tops_up():
    lines = [
        line(3000, "a", tax_category="standard"),
        line(1000, "b", tax_category="service"),
        line(1000, "up", tax_category="", discountable=False),
    ]

    found = assemble(lines, policies=DEFAULTS, treatments=CHINA, coupons=[coupon("100")])

    topped = [(n.key, n.net.minor, n.tax_rate) for n in found.lines[2:]]
    assert topped == [("up", 750, Decimal(13)), ("up/service", 250, Decimal(6))]


def test_a_commitment_with_a_category_of_its_own_keeps_it():
    lines = [line(3000, "a"), line(1000, "up", tax_category="service", discountable=False)]

    found = assemble(lines, policies=DEFAULTS, treatments=CHINA)

    assert found.lines[1].tax_rate == 6


def test_inclusive_and_exclusive_lines_meet_in_one_group():
    lines = [line(11300, "gross", tax_inclusive=True), line(10000, "net")]

    found = assemble(lines, policies=DEFAULTS, treatments=CHINA)

    assert [(n.net.minor, n.tax.minor) for n in found.lines] == [(10000, 1300), (10000, 1300)]
    assert [(g.base.minor, g.tax.minor) for g in found.taxes] == [(20000, 2600)]
    assert found.total.minor == 22600


def test_an_inclusive_total_is_the_price_that_was_said():
    found = assemble([line(9999, tax_inclusive=True)], policies=DEFAULTS, treatments=CHINA)

    assert (found.net.minor, found.tax.minor, found.total.minor) == (8849, 1150, 9999)


def test_categories_of_one_code_and_rate_share_a_group():
    more = {**CHINA, "other": TaxTreatment("other", Decimal("13.0"), "S", "CN")}

    found = assemble(
        [line(4), line(4, "b", tax_category="other")], policies=DEFAULTS, treatments=more
    )

    assert [(g.category, g.tax.minor) for g in found.taxes] == [("standard", 1)]


def test_tax_per_line_rounds_each_line():
    lines = [line(4, "a"), line(4, "b")]

    assert assemble(lines, policies=DEFAULTS, treatments=CHINA).tax.minor == 1
    assert assemble(lines, policies=PER_LINE, treatments=CHINA).tax.minor == 2


def test_tax_per_invoice_rounds_the_sum_of_all_groups():
    lines = [line(3, "a"), line(7, "b", tax_category="service")]  # 0.39 + 0.42
    whole = replace(DEFAULTS, tax_rounding=TaxRounding.INVOICE)

    assert assemble(lines, policies=DEFAULTS, treatments=CHINA).tax.minor == 0
    assert assemble(lines, policies=whole, treatments=CHINA).tax.minor == 1


@pytest.mark.parametrize(
    "policies",
    [
        PER_LINE,
        replace(DEFAULTS, tax_rounding=TaxRounding.INVOICE),
    ],
)
def test_other_roundings_are_refused_where_en_16931_must_hold(policies):
    with pytest.raises(RoundingNotAllowed):
        assemble([line(1)], policies=policies, en16931=True)


def test_a_category_without_a_rate_is_refused():
    with pytest.raises(TaxCategoryUnknown):
        assemble([line(1, tax_category="gold")], policies=DEFAULTS, treatments=CHINA)


def test_an_untaxed_seller_has_no_groups_and_no_tax():
    found = assemble([line(100)], policies=DEFAULTS)

    assert (found.taxes, found.tax.minor, found.lines[0].tax_code) == ((), 0, None)


def test_currencies_do_not_mix():
    with pytest.raises(CurrencyMismatch):
        assemble([line(1), line(1, "b", "JPY")], policies=DEFAULTS)
    with pytest.raises(CurrencyMismatch):
        assemble([line(1)], policies=DEFAULTS, coupons=[coupon(amount=1, code="JPY")])
    with pytest.raises(CurrencyMismatch):
        assemble([line(1)], policies=DEFAULTS, credits=[credit(1, "JPY")])


def test_a_negative_line_is_no_invoices():
    with pytest.raises(ValueError, match="negative"):
        assemble([line(-1)], policies=DEFAULTS)


def test_amounts_up_to_63_bits_are_exact_and_beyond_them_refused():
    most = (1 << 63) - 1

    found = assemble([line(most)], policies=DEFAULTS, coupons=[coupon("50")])

    assert found.discount.minor + found.net.minor == most
    with pytest.raises(MoneyOutOfRange):
        assemble([line(most), line(1, "b")], policies=DEFAULTS)
    with pytest.raises(MoneyOutOfRange):
        assemble([line(most)], policies=DEFAULTS, treatments=CHINA)


def test_a_credit_note_takes_the_discounts_share_with_it():
    invoice = assemble([line(10000)], policies=DEFAULTS, coupons=[coupon("10")], treatments=CHINA)
    original = BilledInvoice(invoice.lines, invoice.taxes)

    half = reduce(original, {"a": money(5000)}, policies=DEFAULTS)

    assert (half.subtotal.minor, half.discount.minor) == (5000, 500)
    assert (half.net.minor, half.tax.minor, half.total.minor) == (4500, 585, 5085)


def test_notes_of_one_unit_each_do_not_pile_their_roundings_up_in_the_last():
    invoice = assemble([line(10)], policies=DEFAULTS, treatments={"standard": _rate("40")})
    original = BilledInvoice(invoice.lines, invoice.taxes)
    already, taxes = {}, []
    for _ in range(10):
        note = reduce(original, {"a": money(1)}, policies=DEFAULTS, already=already)
        taken = note.lines[0].credited
        already = {"a": taken if "a" not in already else already["a"].plus(taken)}
        taxes.append(note.tax.minor)

    assert sum(taxes) == 4
    assert max(taxes) == 1


def test_more_than_is_left_of_a_line_cannot_be_credited():
    invoice = assemble([line(10)], policies=DEFAULTS)
    original = BilledInvoice(invoice.lines, invoice.taxes)
    note = reduce(original, {"a": money(6)}, policies=DEFAULTS)
    already = {"a": note.lines[0].credited}

    with pytest.raises(CreditExceedsLine):
        reduce(original, {"a": money(5)}, policies=DEFAULTS, already=already)
    with pytest.raises(CreditExceedsLine):
        reduce(original, {"a": money(0)}, policies=DEFAULTS)
    with pytest.raises(LineNotOnInvoice):
        reduce(original, {"b": money(1)}, policies=DEFAULTS)


def _rate(percent):
    return TaxTreatment("standard", Decimal(percent), "S", "XX")
