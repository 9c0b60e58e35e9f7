"""Amounts in Chinese capitals, by the rules of the People's Bank and as the platform prints."""

import pytest

from billing.domain.fapiao.capitals import capital_amount
from control_plane.kernel.currency import currency
from control_plane.kernel.money import Money

CNY = currency("CNY")


@pytest.mark.parametrize(
    ("yuan", "capitals"),
    [
        ("0.00", "零圆整"),
        ("0.01", "壹分"),
        ("0.10", "壹角整"),
        ("0.56", "伍角陆分"),
        ("1.00", "壹圆整"),
        ("1.05", "壹圆零伍分"),
        ("1.50", "壹圆伍角整"),
        ("10.00", "壹拾圆整"),
        ("15.20", "壹拾伍圆贰角整"),
        ("100.00", "壹佰圆整"),
        ("105.00", "壹佰零伍圆整"),
        ("110.00", "壹佰壹拾圆整"),
        ("325.04", "叁佰贰拾伍圆零肆分"),
        ("1409.50", "壹仟肆佰零玖圆伍角整"),
        ("1680.32", "壹仟陆佰捌拾圆叁角贰分"),
        ("6007.14", "陆仟零柒圆壹角肆分"),
        ("1001.00", "壹仟零壹圆整"),
        ("16409.02", "壹万陆仟肆佰零玖圆零贰分"),
        ("10000.00", "壹万圆整"),
        ("10500.00", "壹万零伍佰圆整"),
        ("15000.00", "壹万伍仟圆整"),
        ("100005.00", "壹拾万零伍圆整"),
        ("107000.53", "壹拾万柒仟圆伍角叁分"),
        ("1000000.00", "壹佰万圆整"),
        ("20000000.00", "贰仟万圆整"),
        ("99999999.99", "玖仟玖佰玖拾玖万玖仟玖佰玖拾玖圆玖角玖分"),
        ("100000000.00", "壹亿圆整"),
        ("100000500.00", "壹亿零伍佰圆整"),
        ("105000000.00", "壹亿零伍佰万圆整"),
        ("150000000.00", "壹亿伍仟万圆整"),
        ("1000000000000.00", "壹万亿圆整"),
        (
            "92233720368547758.07",
            "玖亿贰仟贰佰叁拾叁万柒仟贰佰零叁亿陆仟捌佰伍拾肆万柒仟柒佰伍拾捌圆零柒分",
        ),
        ("-113.00", "（负数）壹佰壹拾叁圆整"),
    ],
)
def test_an_amount_is_written_as_the_platform_prints_it(yuan, capitals):
    assert capital_amount(Money.parse(yuan, CNY)) == capitals


def test_another_currency_has_no_capitals():
    with pytest.raises(ValueError, match="USD"):
        capital_amount(Money(100, currency("USD")))
