"""Billing's own words in the languages it ships."""

from collections.abc import Callable
from functools import lru_cache
from importlib.resources import files

from babel.messages.pofile import read_po


def translator(language: str) -> Callable[[str], str]:
    """Return a function from an English message to its text in a language (``en``, ``zh_CN``)."""
    if not language.lower().startswith("zh"):
        return lambda message: message
    known = _chinese()
    return lambda message: known.get(message) or message


@lru_cache(maxsize=1)
def _chinese() -> dict[str, str]:
    with (files("billing") / "locale" / "zh_CN.po").open("rb") as source:
        return {str(entry.id): str(entry.string) for entry in read_po(source, locale="zh_CN")}
