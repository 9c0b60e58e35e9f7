"""Who a frozen body names: its seller and buyer, and texts in both languages."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Words:
    """A text in both languages."""

    en: str
    zh: str

    def say(self, language: str) -> str:
        """Give the text in ``en`` or any Chinese."""
        return self.zh if language.lower().startswith("zh") else self.en


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address; ``country`` is ISO 3166-1 alpha-2."""

    line1: str
    line2: str
    city: str
    region: str
    postcode: str
    country: str

    def lines(self) -> tuple[str, ...]:
        """Write it as on an envelope, the country's code last."""
        town = " ".join(part for part in (self.postcode, self.city) if part)
        found = (self.line1, self.line2, town, self.region, self.country)
        return tuple(part for part in found if part)


@dataclass(frozen=True, slots=True)
class Bank:
    """An account to pay into; ``iban`` and ``bic`` without blanks, empty where there is none."""

    name: str
    account: str
    iban: str
    bic: str


@dataclass(frozen=True, slots=True)
class Party:
    """Who sells or buys, as frozen."""

    name: str
    reference: str
    tax_id: str
    registration: str
    address: Address | None
    email: str
    phone: str
    bank: Bank | None


def read_party(party: Body) -> Party:
    """Read a seller or buyer; what its body does not say is empty."""
    address, bank = party.get("address"), party.get("bank")
    return Party(
        name=party["name"],
        reference=party["reference"],
        tax_id=_text(party, "tax_id"),
        registration=_text(party, "registration"),
        address=None if address is None else _address(address),
        email=_text(party, "email"),
        phone=_text(party, "phone"),
        bank=None if bank is None else _bank(bank),
    )


def _address(address: Body) -> Address:
    names = ("line1", "line2", "city", "region", "postcode", "country")
    return Address(*(_text(address, name) for name in names))


def _bank(bank: Body) -> Bank:
    iban, bic = (_text(bank, name).replace(" ", "").upper() for name in ("iban", "bic"))
    return Bank(_text(bank, "name"), _text(bank, "account"), iban, bic)


def read_words(text: Body) -> Words:
    """Read a text in both languages."""
    return Words(text["en"], text["zh"])


def _text(source: Body, name: str) -> str:
    return str(source.get(name) or "")
