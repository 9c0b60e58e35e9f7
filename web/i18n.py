"""Languages: negotiation, and the messages of every package merged into one catalogue.

Each top-level package owns ``<package>/locale/zh_CN.po``. The files are read once, at start; no
compiled ``.mo`` exists. English is the source language and needs no file.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Final

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

from control_plane.kernel.said import Said

ENGLISH: Final = "en"
CHINESE: Final = "zh"
LANGUAGES: Final = {ENGLISH: "English", CHINESE: "中文"}
HTML_LANGUAGES: Final = {ENGLISH: "en", CHINESE: "zh-CN"}
LOCALES: Final = {ENGLISH: Locale("en"), CHINESE: Locale("zh", "CN", script="Hans")}
SEPARATORS: Final = {ENGLISH: ", ", CHINESE: "\N{IDEOGRAPHIC COMMA}"}
PACKAGES: Final = (
    "control_plane",
    "metering",
    "billing",
    "provisioner",
    "inventory_modules",
    "web",
)

_ROOT: Final = Path(__file__).resolve().parent.parent


def N_(message: str) -> str:  # noqa: N802 - gettext's customary name, known to extractors
    """Mark ``message`` for extraction and return it as it is; it is translated where shown."""
    return message


def normalise_language(text: str | None) -> str | None:
    """Return ``en`` or ``zh`` for any spelling of either (``zh-Hans-CN``, ``en_GB``), else None."""
    primary = (text or "").strip().replace("_", "-").split("-")[0].lower()
    return primary if primary in LANGUAGES else None


def negotiate(accept_language: str | None, default: str = ENGLISH) -> str:
    """Choose a language by an ``Accept-Language`` header (RFC 9110, 12.5.4).

    Unknown languages and weights that cannot be read are passed over; equal weights keep the
    header's order.
    """
    ranked: list[tuple[int, str]] = []
    for part in (accept_language or "").split(","):
        name, _, parameters = part.partition(";")
        language = normalise_language(name)
        weight = _weight(parameters)
        if language is not None and weight > 0:
            ranked.append((weight, language))
    return max(ranked, key=lambda entry: entry[0])[1] if ranked else default


def translate(language: str, message: str, /, **fields: object) -> str:
    """Return ``message`` in ``language`` with its ``{name}`` placeholders filled.

    A message without a translation comes back in English.
    """
    text = translations(language).ugettext(message)
    return text.format(**fields) if fields else text


def told(language: str, text: str) -> str:
    """Return a text in ``language``: a sentence of ours translated, anything else as it is."""
    return filled(language, text.template, text.fields) if isinstance(text, Said) else text


def filled(language: str, template: str, fields: Mapping[str, object]) -> str:
    """Return a sentence in ``language``, and the sentences among its values with it."""
    values = {n: told(language, v) if isinstance(v, str) else v for n, v in fields.items()}
    return translate(language, template).format(**values)


def listing(language: str, values: Iterable[object]) -> str:
    """Join a list's entries as ``language`` separates them."""
    return SEPARATORS[language].join(str(value) for value in values)


@cache
def translations(language: str) -> NullTranslations:
    """Return the merged messages of all packages for ``language``; English returns its input."""
    if language != CHINESE:
        return NullTranslations()
    merged = Catalog(locale=LOCALES[CHINESE])
    for package in reversed(PACKAGES):  # the first one stands: on a page, a page's own words
        for message in read_package(package):
            if message.id and message.string:
                merged.add(message.id, message.string, context=message.context)
    compiled = BytesIO()
    write_mo(compiled, merged)
    compiled.seek(0)
    return Translations(compiled)


def read_package(package: str) -> Catalog:
    """Read ``<package>/locale/zh_CN.po``; a package without messages has an empty catalogue."""
    path = _ROOT / package / "locale" / "zh_CN.po"
    if not path.exists():
        return Catalog(locale=LOCALES[CHINESE])
    with path.open("rb") as source:
        return read_po(source, locale=LOCALES[CHINESE])


_QUALITY_DIGITS = 4  # 0 to 1, in thousandths


def _weight(parameters: str) -> int:
    """Return the quality in thousandths; 1000 when none is given, 0 when it cannot be read."""
    key, _, value = parameters.strip().partition("=")
    if not key:
        return 1000
    whole, _, rest = value.strip().partition(".")
    digits = whole + rest.ljust(3, "0")[:3]
    readable = len(digits) <= _QUALITY_DIGITS and digits.isascii() and digits.isdigit()
    return int(digits) if key.strip() == "q" and readable else 0
