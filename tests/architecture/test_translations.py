"""Every sentence that people read exists in Chinese, and no translation outlives its sentence."""

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.extract import extract_from_dir

from billing.documents.words import CATEGORIES, RECEIPT, STATEMENT, WORDS
from billing.messages import translator
from control_plane.kernel.errors import concrete_errors
from web.i18n import CHINESE, PACKAGES, read_package, translate

ROOT = Path(__file__).resolve().parents[2]
METHODS = [("**/templates/**.html", "jinja2.ext:babel_extract"), ("**.py", "python")]
OPTIONS = {"**/templates/**.html": {"newstyle_gettext": "true", "silent": "false"}}
KEYWORDS = {"_": None, "N_": None, "Said": None, "gettext": None, "ngettext": (1, 2)}


def modules_of(package: str) -> Iterator[str]:
    for module in pkgutil.walk_packages([str(ROOT / package)], f"{package}."):
        if ".migrations" not in module.name and not module.name.endswith("__main__"):
            yield module.name


def sentences_of(package: str) -> set[str]:
    """What the package says: marked in templates and code, or written on an error class."""
    found = set()
    for _, _, message, _, _ in extract_from_dir(
        ROOT / package, METHODS, OPTIONS, keywords=KEYWORDS
    ):
        found.update([message] if isinstance(message, str) else message[:1])
    for name in modules_of(package):
        importlib.import_module(name)
    for error in concrete_errors():
        if error.__module__.split(".")[0] == package:
            found.update((error.message, error.remedy))
    return found


def literals_of(package: str) -> set[str]:
    """Every text in the package's code: tables of sentences are translated where they are used."""
    return {
        node.value
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def translations_of(package: str) -> dict[str, str]:
    pairs = {}
    for message in read_package(package):
        if message.id:
            first = message.id if isinstance(message.id, str) else message.id[0]
            text = message.string if isinstance(message.string, str) else message.string[0]
            pairs[first] = text
    return pairs


@pytest.mark.parametrize("package", PACKAGES)
def test_every_sentence_has_its_translation(package):
    translated = translations_of(package)
    missing = sorted(s for s in sentences_of(package) if not translated.get(s))
    assert missing == []


@pytest.mark.parametrize("package", PACKAGES)
def test_no_translation_outlives_its_sentence(package):
    living = sentences_of(package) | literals_of(package)
    assert sorted(translations_of(package).keys() - living) == []


@pytest.mark.parametrize("package", PACKAGES)
def test_a_translation_keeps_its_placeholders(package):
    def names(text: str) -> set[str]:
        old_style = {part.split(")")[0] for part in text.split("%(")[1:]}
        if "%(" in text:
            return old_style
        return {name for _, name, _, _ in Formatter().parse(text) if name}

    wrong = [
        message
        for message, text in translations_of(package).items()
        if names(message) != names(text)
    ]
    assert wrong == []


def test_a_sentence_has_one_translation_and_only_documents_have_words_of_their_own():
    # A document says "Number" of itself, where a page says it of anything; each looks up its own.
    own = {*WORDS.values(), *CATEGORIES.values(), *STATEMENT.values(), *RECEIPT.values()}
    known: dict[str, str] = {}
    for package in reversed(PACKAGES):
        for message, text in translations_of(package).items():
            if package != "billing" or message not in own:
                assert known.setdefault(message, text) == text, (package, message)

    assert translate(CHINESE, "Number") != translator("zh_CN")("Number")
