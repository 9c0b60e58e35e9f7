"""The fonts of printed documents, and what none of them can show.

An archival PDF may not hold a character that no embedded font has (ISO 19005-3, 6.2.11.8), and one
customer's emoji must not keep its invoice from being drawn.
"""

import unicodedata
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import fontpkg_noto_sans
import pylopdf_fonts_ar
import pylopdf_fonts_he
import pylopdf_fonts_hi
import pylopdf_fonts_ko
import pylopdf_fonts_th
import pylopdf_fonts_zh_cn
import typst
from fontTools.ttLib import TTFont

_PACKAGES = (
    pylopdf_fonts_zh_cn,
    pylopdf_fonts_ko,
    pylopdf_fonts_ar,
    pylopdf_fonts_he,
    pylopdf_fonts_hi,
    pylopdf_fonts_th,
)
"""Beside Noto Sans for Latin, Greek and Cyrillic; the template says in which order they serve."""
MISSING = "\N{WHITE SQUARE}"
"""What stands for a character that no font has; HTML and e-invoices keep the character itself."""
_INVISIBLE = frozenset(
    {"\N{ZERO WIDTH SPACE}", "\N{ZERO WIDTH JOINER}", "\N{ZERO WIDTH NON-JOINER}"}
)


def font_files() -> tuple[Path, ...]:
    """Return the fonts' files."""
    latin = Path(fontpkg_noto_sans.ROOT) / "files" / "NotoSans[wdth,wght].ttf"
    return (latin, *(Path(package.sans_path()) for package in _PACKAGES))


@cache
def typst_fonts() -> Any:
    """Read the fonts once; compilers share them."""
    folders = [str(file.parent) for file in font_files()]
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=folders)


def showable(value: Any) -> Any:
    """Return plain data with every text in it made fit for paper."""
    if isinstance(value, str):
        return showable_text(value)
    if isinstance(value, Mapping):
        return {key: showable(of) for key, of in value.items()}
    if isinstance(value, list | tuple):
        return [showable(of) for of in value]
    return value


def showable_text(text: str) -> str:
    """Drop what is not printed, and put `MISSING` for what no font has."""
    known, composed = _known(), unicodedata.normalize("NFC", text)
    if known.issuperset(composed):
        return composed
    return "".join(_shown(character, known) for character in composed)


def _shown(character: str, known: frozenset[str]) -> str:
    if character in known:
        return character
    if character.isspace():
        return " "
    return "" if unicodedata.category(character).startswith("C") else MISSING


@cache
def _known() -> frozenset[str]:
    found: set[str] = set(_INVISIBLE)
    for file in font_files():
        with TTFont(file, lazy=True) as font:
            found.update(map(chr, font.getBestCmap()))
    return frozenset(c for c in found if c in _INVISIBLE or _printed(c))


def _printed(character: str) -> bool:
    """Leave out controls, private use and format characters, which PDF/A and PDF/UA forbid."""
    return not unicodedata.category(character).startswith("C")
