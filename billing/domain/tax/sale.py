"""Who sells to whom, as far as tax law asks."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from control_plane.catalog.domain import Text


class ExportCode(StrEnum):
    """How what leaves the tax territory is declared (UNCL5305)."""

    FREE_EXPORT = "G"
    OUT_OF_SCOPE = "O"


@dataclass(frozen=True, slots=True)
class Seller:
    """The legal entity that sells.

    ``registrations`` are further jurisdictions in which it collects tax. With ``oss`` it declares
    sales to consumers of the European Union under the one-stop shop. ``goods`` are the categories
    that are goods; all others are services.
    """

    country: str
    registrations: frozenset[str] = frozenset()
    oss: bool = False
    export: ExportCode = ExportCode.FREE_EXPORT
    goods: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Exemption:
    """What a customer's certificate exempts from tax: a category, or all of them (None)."""

    jurisdiction: str
    category: str | None
    code: str
    certificate: str
    reason: Text
    valid_from: date
    valid_to: date | None = None

    def covers(self, jurisdiction: str, category: str, day: date) -> bool:
        """Tell whether the certificate holds there, for that, on that day."""
        return (
            jurisdiction == self.jurisdiction
            and self.category in {None, category}
            and self.valid_from <= day
            and (self.valid_to is None or day < self.valid_to)
        )


@dataclass(frozen=True, slots=True)
class Buyer:
    """The customer. ``tax_id`` counts only if its form and check digits are its country's."""

    country: str
    business: bool = False
    tax_id: str | None = None
    region: str = ""
    exemptions: tuple[Exemption, ...] = ()


@dataclass(frozen=True, slots=True)
class Sale:
    """A sale on a day, from seller to buyer."""

    seller: Seller
    buyer: Buyer
    day: date
