"""The title of a fapiao: whose number is right, and what a special one needs."""

import pytest

from billing.domain.fapiao.errors import TaxpayerNumberInvalid, TitleIncomplete, TitleInvalid
from billing.domain.fapiao.title import FapiaoKind, Title, TitleKind, title_of
from billing.domain.tax.numbers import is_tax_number
from control_plane.tenancy.errors import EmailInvalid

GOOD = "91110108551385082Q"  # of a company that prints it on its own pages
FULL = {
    "name": "  上海  贝拉餐饮有限公司 ",
    "tax_id": "9111 0108 5513 8508 2q",
    "address": "上海市黄浦区南京东路 1 号",
    "phone": "021-12345678",
    "bank": "中国工商银行上海分行",
    "account": "1001 2345 6789",
    "email": "Tax@Bella.example",
}


def test_a_right_check_character_is_taken():
    assert is_tax_number(GOOD, "CN")


@pytest.mark.parametrize("place", range(18))
def test_one_wrong_character_is_found_wherever_it_stands(place):
    other = "1" if GOOD[place] != "1" else "2"
    assert not is_tax_number(GOOD[:place] + other + GOOD[place + 1 :], "CN")


@pytest.mark.parametrize("text", ["", "91110108551385082", "91110108551385082I", GOOD + "0"])
def test_what_is_no_code_is_no_code(text):
    assert not is_tax_number(text, "CN")


def test_a_company_is_tidied_and_kept_whole():
    title = title_of(TitleKind.COMPANY, FULL)
    assert title.name == "上海 贝拉餐饮有限公司"
    assert title.tax_id == GOOD
    assert title.email == "tax@bella.example"
    assert Title.from_body(title.body()) == title


def test_a_person_has_neither_number_nor_bank():
    title = title_of(TitleKind.PERSONAL, FULL)
    assert (title.tax_id, title.bank, title.account) == ("", "", "")


@pytest.mark.parametrize(
    ("field", "value", "refusal"),
    [
        ("name", " ", TitleInvalid),
        ("name", "长" * 101, TitleInvalid),
        ("bank", "bell\x07", TitleInvalid),
        ("tax_id", "91110108551385082X", TaxpayerNumberInvalid),
        ("tax_id", "", TaxpayerNumberInvalid),
        ("email", "nobody", EmailInvalid),
    ],
)
def test_a_field_that_cannot_be_printed_is_named(field, value, refusal):
    with pytest.raises(refusal) as refused:
        title_of(TitleKind.COMPANY, {**FULL, field: value})
    assert refused.value.field == field


@pytest.mark.parametrize("field", ["address", "phone", "bank", "account"])
def test_a_special_fapiao_needs_the_whole_title(field):
    title = title_of(TitleKind.COMPANY, {**FULL, field: ""})
    title.require(FapiaoKind.NORMAL)
    with pytest.raises(TitleIncomplete, match=field):
        title.require(FapiaoKind.SPECIAL)


def test_a_person_gets_no_special_fapiao():
    with pytest.raises(TitleIncomplete):
        title_of(TitleKind.PERSONAL, FULL).require(FapiaoKind.SPECIAL)
