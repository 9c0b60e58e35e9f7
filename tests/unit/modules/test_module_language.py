"""The modules' words: negotiation, the catalogue, and that no message is left in English."""

import importlib
import pkgutil
import string
from pathlib import Path

import pytest

import inventory_modules
from control_plane.kernel.errors import concrete_errors
from inventory_modules.chassis.language import negotiate, parse_po, translate


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("zh-CN", "zh"),
        ("en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("en;q=0.1, zh-Hans;q=0.5", "zh"),
        ("fr, zh;q=0", "en"),
        ("zh;q=nonsense, en;q=0.1", "en"),
    ],
)
def test_the_reader_chooses_the_language(header: str | None, language: str):
    assert negotiate(header) == language


def test_a_catalogue_is_read_with_its_continued_lines_and_escapes():
    text = 'msgid ""\nmsgstr "header"\n\n# note\nmsgid "a "\n"b\\n"\nmsgstr "甲"\n"乙"\n'

    assert parse_po(text) == {"a b\n": "甲乙"}


def test_a_message_without_a_translation_stays_english():
    assert translate("zh", "nobody translated this") == "nobody translated this"


def placeholders(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def test_every_message_and_remedy_has_a_chinese_form_with_the_same_placeholders():
    for module in pkgutil.walk_packages(inventory_modules.__path__, "inventory_modules."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    path = Path(inventory_modules.__path__[0]) / "locale" / "zh_CN.po"
    chinese = parse_po(path.read_text("utf-8"))
    own = [e for e in concrete_errors() if e.__module__.startswith("inventory_modules.")]
    messages = {text for error in own for text in (error.message, error.remedy)}

    assert messages == set(chinese)
    assert [m for m in messages if placeholders(m) != placeholders(chinese[m])] == []
