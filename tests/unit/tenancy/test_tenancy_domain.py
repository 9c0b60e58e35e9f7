"""Addresses, names and languages as people write them."""

import pytest

from control_plane.kernel.ids import TenantId, new_id
from control_plane.tenancy.domain import (
    Role,
    known_language,
    known_role,
    normal_email,
    normal_name,
    slug_of,
)
from control_plane.tenancy.errors import EmailInvalid, LanguageUnknown, NameInvalid, RoleUnknown


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("bella@example.com", "bella@example.com"),
        ("  Bella.Pizza+till@Example.COM ", "bella.pizza+till@example.com"),
        ("李雷@例子.中国", "李雷@例子.中国"),
        ("o'neill@mail.example.co", "o'neill@mail.example.co"),
    ],
)
def test_an_address_has_one_normal_form(written, normal):
    assert normal_email(written) == normal


@pytest.mark.parametrize(
    "text",
    [
        "",
        "bella",
        "@example.com",
        "bella@",
        "bella@localhost",
        "bella@example..com",
        ".bella@example.com",
        "bella@-example.com",
        "be lla@example.com",
        "bella@example.com\nBcc: all@example.com",
        "a@b@example.com",
        "x" * 65 + "@example.com",
        "bella@" + "x." * 130 + "com",
        "bella@example.123",
    ],
)
def test_what_is_no_address_is_refused_with_its_field(text):
    with pytest.raises(EmailInvalid) as refusal:
        normal_email(text)

    assert refusal.value.field == "email"


def test_a_name_is_tidied():
    assert normal_name("  Bella \t Pizza ") == "Bella Pizza"


@pytest.mark.parametrize("text", ["", "   ", "x" * 201, "bel\x00la"])
def test_an_unusable_name_is_refused(text):
    with pytest.raises(NameInvalid):
        normal_name(text)


@pytest.mark.parametrize(
    ("text", "code"), [("zh-CN", "zh_CN"), ("zh", "zh_CN"), ("EN", "en"), ("en-GB", "en")]
)
def test_languages_are_known_as_browsers_write_them(text, code):
    assert known_language(text) == code


def test_another_language_is_refused():
    with pytest.raises(LanguageUnknown):
        known_language("tlh")


@pytest.mark.parametrize("name", ["Bella Pizza & Co.", "李雷的披萨", "Ünal  Ärzte", "-", "a" * 200])
def test_a_slug_is_plain_and_never_the_same_twice(name):
    one, two = (slug_of(name, TenantId(new_id())) for _ in range(2))

    assert one != two
    assert one.isascii()
    assert one == one.lower()
    assert not one.startswith("-")


def test_a_role_is_one_of_four():
    assert known_role("billing") is Role.BILLING
    with pytest.raises(RoleUnknown) as refusal:
        known_role("god")

    assert refusal.value.fields["known"] == "owner, admin, billing, viewer"
