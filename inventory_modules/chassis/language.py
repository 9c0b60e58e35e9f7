"""Messages in the reader's language, from the gettext files beside the code."""

import ast
from functools import cache
from pathlib import Path

ENGLISH = "en"
CHINESE = "zh"
# The sdk's and the kernel's own refusals are translated where they live.
_ROOT = Path(__file__).resolve().parents[2]
_PACKAGES = ("control_plane", "inventory_modules")


def negotiate(accept_language: str | None) -> str:
    """Choose ``zh`` or ``en`` from an Accept-Language header; English when it names neither.

    Ranges are taken by weight (RFC 9110, 12.5.4), the first named winning between equals.
    """
    best, chosen = 0.0, ENGLISH
    for part in (accept_language or "").split(","):
        tag, *parameters = part.replace(" ", "").lower().split(";")
        language = tag.partition("-")[0]
        weight = _weight(parameters)
        if language in {ENGLISH, CHINESE} and weight > best:
            best, chosen = weight, language
    return chosen


def translate(language: str, message: str) -> str:
    """Return a message template in ``language``; untranslated ones stay English."""
    return _chinese().get(message, message) if language == CHINESE else message


def parse_po(text: str) -> dict[str, str]:
    """Read the messages of a gettext catalogue without plurals or contexts."""
    messages: dict[str, str] = {}
    entry: dict[str, str] = {}
    current = ""
    for line in [*text.splitlines(), "msgid"]:
        word, _, rest = line.strip().partition(" ")
        if word == "msgid":
            if entry.get("msgid") and entry.get("msgstr"):
                messages[entry["msgid"]] = entry["msgstr"]
            entry = {}
        if word in {"msgid", "msgstr"}:
            current = word
            entry[current] = ast.literal_eval(rest) if rest else ""
        elif word.startswith('"'):
            entry[current] = entry.get(current, "") + ast.literal_eval(line.strip())
    return messages


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


@cache
def _chinese() -> dict[str, str]:
    messages: dict[str, str] = {}
    for package in _PACKAGES:
        catalogue = _ROOT / package / "locale" / "zh_CN.po"
        if catalogue.is_file():
            messages |= parse_po(catalogue.read_text("utf-8"))
    return messages
