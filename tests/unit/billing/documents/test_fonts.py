"""Every name can be drawn, whatever it is written in."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.documents.exporting import DocumentForm
from billing.documents.fonts import MISSING, showable, showable_text
from tests.support.document_bodies import BUYER, sample
from tests.support.papers import compact, exported, paper


@pytest.mark.parametrize(
    "name",
    ["한국어 주식회사", "日本語カブシキ", "Việt Nam Ữ", "Ελλάδα", "Кириллица", "Łódź Şişli"],
)
def test_names_in_many_scripts_stand_on_paper(name):
    assert compact(name) in compact(paper(sample(buyer=replace(BUYER, name=name))))


@pytest.mark.parametrize("name", ["עברית", "العربية", "ร้านพิซซ่า", "हिन्दी"])
def test_scripts_that_join_or_run_from_right_to_left_are_drawn(name):
    assert MISSING not in paper(sample(buyer=replace(BUYER, name=name)))


def test_what_no_font_has_leaves_a_mark_on_paper_and_stays_itself_elsewhere():
    body = sample(buyer=replace(BUYER, name="😀 Pizza"))

    assert f"{MISSING} Pizza" in paper(body)
    assert "😀 Pizza" in exported(body, DocumentForm.HTML).content.decode()
    assert "😀 Pizza" in exported(body, DocumentForm.UBL).content.decode()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x00b", "ab"),
        ("a\tb", "a b"),
        ("\ufeffa", "a"),
        ("e\u0301", "é"),
        ("\ue000", ""),
        ("", ""),
    ],
)
def test_what_is_not_printed_is_dropped(text, shown):
    assert showable_text(text) == shown


def test_data_keeps_its_form():
    assert showable({"a": ["b", 1, None, True, {"c": "\x07d"}]}) == {
        "a": ["b", 1, None, True, {"c": "d"}]
    }


@settings(max_examples=10, deadline=None)
@given(st.text(min_size=1, max_size=60))
def test_any_name_can_be_drawn(name):
    content = exported(sample(buyer=replace(BUYER, name=name)), DocumentForm.PDF).content

    assert content.startswith(b"%PDF-")
