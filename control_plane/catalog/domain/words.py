"""What everything for sale has: names in two languages, and what is granted."""

from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

Grant: TypeAlias = Decimal | bool
"""What is granted of a feature: ``True`` of a boolean one, a total of a limit."""


@dataclass(frozen=True, slots=True)
class Text:
    """One name in both languages of the product."""

    en: str
    zh: str

    def in_language(self, language: str) -> str:
        """Return the Chinese text for ``zh`` and its variants, else the English one."""
        return self.zh if language.lower().startswith("zh") else self.en
