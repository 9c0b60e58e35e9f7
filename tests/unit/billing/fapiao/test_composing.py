"""What stands on a fapiao: lines, their tax, discounts behind them, and what is left of a bill."""

from dataclasses import replace

import pytest

from billing.domain.fapiao.composing import Bill, compose
from billing.domain.fapiao.content import PREPAID_CODE, UNTAXED, FapiaoContent, GoodsClass
from billing.domain.fapiao.reversing import RedExceedsBlue, red_of_note, red_of_rest
from tests.support.fapiao_world import bill_of, body_of, cny, coupon, fee, note_of


def rows(content: FapiaoContent) -> list[tuple[int, str, int]]:
    return [(line.net_minor, line.rate, line.tax_minor) for line in content.lines]


def test_tax_is_spread_over_the_lines_so_that_they_add_up_to_the_groups():
    amounts = cny([fee("a", "0.10"), fee("b", "0.10"), fee("c", "0.05"), fee("d", "0.25")])
    content = compose([Bill(body_of(amounts))])
    assert amounts.tax.minor == 3
    assert [line.tax_minor for line in content.lines] == [1, 1, 0, 1]
    assert content.total == amounts.total


def test_each_rate_keeps_its_own_tax():
    amounts = cny([fee("a", "100.00"), fee("b", "200.00", tax_category="goods")])
    content = compose([Bill(body_of(amounts))])
    assert rows(content) == [(10000, "6", 600), (20000, "13", 2600)]


def test_a_discount_is_a_negative_line_right_behind_its_own():
    amounts = cny([fee("a", "100.00"), fee("b", "50.00")], coupon("10"))
    content = compose([Bill(body_of(amounts))])
    assert rows(content) == [
        (10000, "6", 600),
        (-1000, "6", -60),
        (5000, "6", 300),
        (-500, "6", -30),
    ]
    assert [line.discount_of for line in content.lines] == [None, 1, None, 3]
    assert content.lines[1].name == content.lines[0].name
    assert content.total == amounts.total


def test_an_inclusive_price_is_shown_without_its_tax():
    amounts = cny([fee("a", "106.00", tax_inclusive=True)], coupon("50"))
    content = compose([Bill(body_of(amounts))])
    assert rows(content) == [(10000, "6", 600), (-5000, "6", -300)]


def test_the_name_has_the_class_of_goods_before_it():
    content = compose([Bill(body_of(cny([fee("a", "1.00")])))])
    assert content.lines[0].name == "*信息技术服务*成长版 基础费"


def test_the_sellers_tax_file_says_under_which_class_a_category_is_sold():
    amounts = cny([fee("a", "1.00"), fee("b", "1.00", tax_category="goods")])
    classes = {"goods": GoodsClass("1090000000000000000", "设备")}
    content = compose([Bill(body_of(amounts))], classes)
    assert [line.code[:3] for line in content.lines] == ["304", "109"]
    assert content.lines[1].name.startswith("*设备*")


def test_a_prepaid_card_is_sold_under_601_without_tax():
    content = compose([Bill(body_of(cny([fee("a", "500.00", tax_category="prepaid_card")])))])
    assert content.lines[0].code == PREPAID_CODE
    assert content.lines[0].name.startswith("*预付卡销售*")
    assert rows(content) == [(50000, UNTAXED, 0)]


def test_what_a_card_paid_is_not_invoiced_again():
    bill = Bill(body_of(cny([fee("a", "100.00"), fee("b", "100.00")])), card_minor=10600)
    content = compose([bill])
    assert content.total.minor == 10600
    assert content.net.minor == 10000


def test_a_bill_that_a_card_paid_whole_leaves_nothing():
    bill = Bill(body_of(cny([fee("a", "100.00")])), card_minor=10600)
    assert compose([bill]).lines == ()


def test_of_a_line_credited_in_part_only_the_rest_is_shown():
    amounts = cny([fee("a", "100.00"), fee("b", "50.00")], coupon("10"))
    content = compose([bill_of(amounts, {"a": "40.00"})])
    assert rows(content) == [(5400, "6", 324), (5000, "6", 300), (-500, "6", -30)]


def test_a_bill_credited_whole_leaves_nothing():
    amounts = cny([fee("a", "100.01"), fee("b", "33.33")])
    assert compose([bill_of(amounts, {"a": "100.01", "b": "33.33"})]).lines == ()


def test_bills_are_merged_with_their_lines_in_order():
    first = bill_of(cny([fee("a", "1.00")], coupon("10")), number="TY-2026-000001")
    second = bill_of(cny([fee("a", "2.00")], coupon("10")), number="TY-2026-000002")
    content = compose([first, second])
    assert [line.position for line in content.lines] == [1, 2, 3, 4]
    assert [line.discount_of for line in content.lines] == [None, 1, None, 3]
    assert content.lines[2].source == "TY-2026-000002"


def test_content_survives_being_written_down():
    content = compose([bill_of(cny([fee("a", "100.00", quantity="3")], coupon("10")))])
    assert FapiaoContent.from_body(content.body()) == content


def test_a_credit_note_becomes_negative_lines_at_the_blue_ones_rate():
    amounts = cny([fee("a", "100.00"), fee("b", "200.00", tax_category="goods")])
    blue = compose([bill_of(amounts)])
    note = note_of(amounts, {"b": "50.00"}, "CN-1")
    red = red_of_note(blue, "TY-2026-000001", note, [])
    assert rows(red) == [(-5000, "13", -650)]
    assert red.lines[0].name == blue.lines[1].name


def test_a_credit_note_cannot_take_back_more_than_is_left():
    amounts = cny([fee("a", "100.00")])
    blue = compose([bill_of(amounts)])
    note = note_of(amounts, {"a": "60.00"}, "CN-1")
    red = red_of_note(blue, "TY-2026-000001", note, [])
    with pytest.raises(RedExceedsBlue):
        red_of_note(blue, "TY-2026-000001", replace(note, number="CN-2"), [red])


def test_the_rest_takes_a_fapiao_to_nothing():
    amounts = cny([fee("a", "100.01"), fee("b", "33.33"), fee("c", "0.07")], coupon("7"))
    blue = compose([bill_of(amounts)])
    note = note_of(amounts, {"a": "33.35", "c": "0.05"}, "CN-1")
    red = red_of_note(blue, "TY-2026-000001", note, [])
    rest = red_of_rest(blue, [red])
    assert (blue.total + red.total + rest.total).minor == 0
    assert (blue.tax + red.tax + rest.tax).minor == 0
