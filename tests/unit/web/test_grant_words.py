"""What is granted, in words: every period and window has its own, in both languages."""

from decimal import Decimal

import pytest

from control_plane.catalog.domain import Feature, FeatureKind, Mode, Per, Text
from web.grant_words import granted_words


def metered(**more):
    return Feature("calls", FeatureKind.METERED, "outbound", Text("Calls", "调用"), **more)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_period_has_words_of_its_own(language):
    told = {granted_words(Decimal(1500), metered(per=per.value), language) for per in Per}

    assert len(told) == len(Per)
    assert all("1,500" in words and words != "1,500" for words in told)


@pytest.mark.parametrize(
    ("seconds", "english", "chinese"),
    [
        (1, "9 within the last second", "最近 1 秒内 9"),
        (90, "9 within the last 90 seconds", "最近 90 秒内 9"),
        (300, "9 within the last 5 minutes", "最近 5 分钟内 9"),
        (3_600, "9 within the last hour", "最近 1 小时内 9"),
        (86_400, "9 within the last 24 hours", "最近 24 小时内 9"),
    ],
)
def test_a_rolling_window_is_told_by_its_largest_whole_unit(seconds, english, chinese):
    feature = metered(rolling_seconds=seconds)

    assert granted_words(Decimal(9), feature, "en") == english
    assert granted_words(Decimal(9), feature, "zh") == chinese


def test_a_soft_limit_says_that_it_may_be_passed():
    soft = metered(per="day", mode=Mode.SOFT)

    assert granted_words(Decimal(150), soft, "en") == "150 a day, may be passed"
    assert granted_words(Decimal(150), soft, "zh") == "每天 150（可超出）"


def test_of_a_feature_that_is_gone_the_bare_value_is_told():
    assert granted_words(Decimal("2.5"), None, "en") == "2.5"
