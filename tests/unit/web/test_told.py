"""What went wrong, and what verification finds, is kept in one language and read in two."""

import pytest

from billing.errors import AccountParked
from billing.errors_tax import DiscountInvalid
from billing.repositories.book_rules import RULES
from control_plane.kernel.failure import Failure
from control_plane.kernel.said import Said
from control_plane.subscriptions.errors import SubscriptionNotFound
from web.i18n import filled, listing, told, translate

LOST = SubscriptionNotFound(subscription_id="sub_1")


def test_a_failure_is_kept_by_code_and_values_and_read_in_both_languages():
    kept = Failure.from_body(Failure.of(LOST).body())

    assert (kept.code, kept.fields) == (LOST.code, {"subscription_id": "sub_1"})
    assert kept.said() == f"SubscriptionNotFound: {LOST}"
    english, chinese = (told(language, kept.said()) for language in ("en", "zh"))
    assert english == kept.said()
    assert chinese == "SubscriptionNotFound：" + translate(
        "zh", SubscriptionNotFound.message
    ).format(subscription_id="sub_1")
    assert chinese.isascii() is False


def test_a_refusal_tells_the_failure_it_names_in_the_readers_language():
    halted = AccountParked(reason=Failure.of(LOST).said())

    said = filled("zh", halted.message, halted.fields)
    assert translate("zh", SubscriptionNotFound.message).format(subscription_id="sub_1") in said


def test_a_refused_field_is_called_what_its_reader_calls_it():
    refused = DiscountInvalid(what="rollover_most", value="-1", field="rollover_most")

    assert str(refused) == "“-1” cannot be the most that is carried over."
    assert filled("zh", refused.message, refused.fields) == "结转金额上限不能是“-1”。"


def test_what_is_no_refusal_of_ours_is_told_as_it_was_raised():
    kept = Failure.from_body(Failure.of(KeyError("meter")).body())
    assert kept.said() == "KeyError: 'meter'"


@pytest.mark.parametrize("code", ["gone_for_good", LOST.code])
def test_a_sentence_that_is_gone_or_says_other_things_leaves_the_text(code):
    assert Failure("SubscriptionNotFound", "as it was", code, {}).said().endswith(": as it was")


def test_every_rule_of_the_books_has_words_in_chinese():
    assert [rule for rule in RULES if translate("zh", rule) == rule] == []


def test_lists_are_separated_as_each_language_does():
    assert listing("en", ("a", "b")) == "a, b"
    assert listing("zh", ("a", "b")) == "a\N{IDEOGRAPHIC COMMA}b"


def test_a_text_of_nobodys_is_told_as_it_is():
    assert told("zh", "Name: {x}") == "Name: {x}"
    assert told("zh", Said("item {key} is no longer owed", key="a")) == "项目 a 已不再应收"
