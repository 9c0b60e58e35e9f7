"""What everything for sale has: names in two languages, and what is granted."""

from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Rate:
    """So many units a second, and at most ``burst`` at once."""

    per_second: Decimal
    burst: Decimal


Grant: TypeAlias = Decimal | bool | str | Rate
"""What is granted of a feature: ``True`` of a boolean one, a total of what is counted, a
configuration's number or text, a rate."""


@dataclass(frozen=True, slots=True)
class Text:
    """One name in both languages of the product."""

    en: str
    zh: str

    def in_language(self, language: str) -> str:
        """Return the Chinese text for ``zh`` and its variants, else the English one."""
        return self.zh if language.lower().startswith("zh") else self.en
