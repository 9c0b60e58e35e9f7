"""What fields and things are called within a sentence, in every reader's language."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from control_plane.kernel.said import Said

_WORDS: Final[Mapping[str, Said]] = MappingProxyType(
    {
        "amount": Said("amount"),
        "below": Said("balance to top up at"),
        "category": Said("tax category"),
        "certificate": Said("certificate"),
        "city": Said("city"),
        "code": Said("code"),
        "count": Said("length of the cycle"),
        "coupon": Said("coupon"),
        "credit": Said("credit"),
        "exemption": Said("exemption"),
        "expires_at": Said("end"),
        "jurisdiction": Said("jurisdiction"),
        "kind": Said("kind"),
        "legal_name": Said("legal name"),
        "line1": Said("first line of the address"),
        "line2": Said("second line of the address"),
        "most": Said("largest number of redemptions"),
        "name": Said("name"),
        "percent": Said("percentage"),
        "periods": Said("number of periods"),
        "phone": Said("telephone number"),
        "place": Said("place in the order"),
        "postcode": Said("postcode"),
        "prefix": Said("prefix"),
        "priority": Said("priority"),
        "purchase_order": Said("purchase order"),
        "reason": Said("reason"),
        "reason.zh": Said("reason in Chinese"),
        "recurring credit": Said("recurring credit"),
        "reference": Said("reference"),
        "region": Said("region"),
        "registration": Said("registration number"),
        "rollover_cycles": Said("number of further cycles"),
        "rollover_most": Said("most that is carried over"),
        "starts_at": Said("start"),
        "times": Said("number of times"),
        "top-up": Said("top-up"),
        "valid_to": Said("end"),
        "wallet": Said("wallet"),
    }
)


def in_words(name: str) -> str:
    """Return what a field or a thing is called; one without words of its own, by its name."""
    return _WORDS.get(name, name)
