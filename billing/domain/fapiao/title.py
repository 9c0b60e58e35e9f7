"""To whom a fapiao is made out (开票信息)."""

import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum

from billing.domain.fapiao.errors import TaxpayerNumberInvalid, TitleIncomplete, TitleInvalid
from billing.domain.tax.numbers import is_tax_number
from control_plane.tenancy.domain import normal_email

_LENGTHS = {"name": 100, "address": 200, "phone": 40, "bank": 100, "account": 60}
_SPECIAL_NEEDS = ("tax_id", "address", "phone", "bank", "account")


class TitleKind(StrEnum):
    """Who the buyer is."""

    COMPANY = "company"
    PERSONAL = "personal"


class FapiaoKind(StrEnum):
    """What the buyer may do with it: only a special one (专票) lets it deduct the tax."""

    NORMAL = "normal"
    SPECIAL = "special"


@dataclass(frozen=True, slots=True)
class Title:
    """The buyer as printed, and the mailbox that gets the files. What is not known is empty."""

    kind: TitleKind
    name: str
    email: str
    tax_id: str = ""
    address: str = ""
    phone: str = ""
    bank: str = ""
    account: str = ""

    def body(self) -> dict[str, str]:
        """Return the title as plain texts, by field."""
        return {name: str(value) for name, value in asdict(self).items()}

    @classmethod
    def from_body(cls, body: Mapping[str, str]) -> "Title":
        """Read back what `body` gave."""
        return cls(**{**body, "kind": TitleKind(body["kind"])})  # type: ignore[arg-type]

    def require(self, kind: FapiaoKind) -> None:
        """Refuse a special fapiao to a title that lacks what it must show.

        Raises:
            TitleIncomplete: names the fields that are missing.
        """
        missing = [name for name in _SPECIAL_NEEDS if not getattr(self, name)]
        if kind is FapiaoKind.SPECIAL and missing:
            raise TitleIncomplete(missing=", ".join(missing), field=missing[0])


def title_of(kind: TitleKind, texts: Mapping[str, str]) -> Title:
    """Check what somebody typed, and tidy its white space.

    A company has a taxpayer number; a person has none, and no bank either.

    Raises:
        TitleInvalid: a text is too long, not printable, or a name is missing.
        TaxpayerNumberInvalid: a company's number is missing or its check character is wrong.
        EmailInvalid: the address to receive at is none.
    """
    tidy = {name: _tidy(name, texts.get(name, ""), most) for name, most in _LENGTHS.items()}
    email = normal_email(texts.get("email", ""))
    if kind is TitleKind.PERSONAL:
        return Title(kind, tidy["name"], email, address=tidy["address"], phone=tidy["phone"])
    tax_id = "".join(texts.get("tax_id", "").split()).upper()
    if not is_tax_number(tax_id, "CN"):
        raise TaxpayerNumberInvalid(value=tax_id[:40], field="tax_id")
    return Title(kind, email=email, tax_id=tax_id, **tidy)


def _tidy(field: str, value: str, most: int) -> str:
    text = " ".join(unicodedata.normalize("NFC", value).split())
    fits = len(text) <= most and text.isprintable()
    if not fits or (field == "name" and not text):
        raise TitleInvalid(value=text[:most], most=most, field=field)
    return text
