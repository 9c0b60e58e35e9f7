"""What a document says above its lines."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from control_plane.kernel.calendar import instant_text, local_date, parse_instant
from control_plane.kernel.currency import Currency, currency
from control_plane.kernel.ids import TenantId, format_id, parse_id

FORMAT = 2


class Kind(StrEnum):
    """What a document is."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address; ``country`` is ISO 3166-1 alpha-2."""

    line1: str | None = None
    line2: str | None = None
    city: str | None = None
    region: str | None = None
    postcode: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True)
class Bank:
    """An account that invoices are paid to."""

    name: str | None = None
    account: str | None = None
    iban: str | None = None
    bic: str | None = None


@dataclass(frozen=True, slots=True)
class Party:
    """Who sells or buys, as the document names them; None is what nobody said."""

    name: str
    reference: str
    tax_id: str | None = None
    registration: str | None = None
    address: Address | None = None
    email: str | None = None
    phone: str | None = None
    bank: Bank | None = None

    def body(self) -> dict[str, Any]:
        """Return the party as bodies and manifests keep it."""
        said = {field.name: getattr(self, field.name) for field in fields(self)}
        said["address"] = None if self.address is None else _plain(self.address)
        said["bank"] = None if self.bank is None else _plain(self.bank)
        return said

    @classmethod
    def from_body(cls, said: Mapping[str, Any]) -> "Party":
        """Read a party back; one of format 1 says its name and its reference only."""
        known = dict(said)
        address, bank = known.get("address"), known.get("bank")
        known["address"] = None if address is None else Address(**address)
        known["bank"] = None if bank is None else Bank(**bank)
        return cls(**known)


@dataclass(frozen=True, slots=True)
class Corrected:
    """The invoice that a credit note corrects."""

    number: str
    dated: date


@dataclass(frozen=True, slots=True)
class Heading:
    """What a document says above its lines.

    ``part`` counts the documents of one due instant from 0: a later change at the very same
    instant (test clocks stand still) gets one of its own. ``reason`` is a code, such as ``change``,
    ``late_usage`` or ``correction``; ``corrects`` is given on credit notes only.
    """

    kind: Kind
    number: str
    tenant_id: TenantId
    seller: Party
    buyer: Party
    currency: Currency
    zone: str
    due_at: datetime
    part: int
    payment_term_days: int = 14
    purchase_order: str | None = None
    corrects: Corrected | None = None
    reason: str | None = None

    @property
    def dated(self) -> date:
        """The local day on which it fell due, whenever the run happened."""
        return local_date(self.due_at, self.zone)

    @property
    def payable_by(self) -> date:
        """The last day of the payment term."""
        return self.dated + timedelta(days=self.payment_term_days)

    def numbered(self, number: str) -> "Heading":
        """Return the heading with its number, drawn last."""
        return replace(self, number=number)

    def body(self) -> dict[str, Any]:
        """Return the part of the body that the heading makes."""
        note = self.kind is Kind.CREDIT_NOTE
        corrects = self.corrects and {
            "number": self.corrects.number,
            "date": self.corrects.dated.isoformat(),
        }
        return {
            "kind": self.kind.value,
            "format": FORMAT,
            "number": self.number,
            "tenant": format_id("ten", self.tenant_id),
            "seller": self.seller.body(),
            "buyer": self.buyer.body(),
            "currency": self.currency.code,
            "zone": self.zone,
            "due_at": instant_text(self.due_at),
            "part": self.part,
            "date": self.dated.isoformat(),
            "payable_by": None if note else self.payable_by.isoformat(),
            "purchase_order": self.purchase_order,
            "corrects": corrects,
            "reason": self.reason,
        }

    def inputs(self) -> dict[str, Any]:
        """Return the heading as a manifest keeps it: what it was made of, the number included."""
        said = self.body()
        del said["format"], said["date"], said["payable_by"]
        return {**said, "payment_term_days": self.payment_term_days}

    @classmethod
    def from_inputs(cls, said: Mapping[str, Any]) -> "Heading":
        """Read back what `inputs` wrote."""
        corrects = said["corrects"]
        return cls(
            kind=Kind(said["kind"]),
            number=said["number"],
            tenant_id=TenantId(parse_id("ten", said["tenant"])),
            seller=Party.from_body(said["seller"]),
            buyer=Party.from_body(said["buyer"]),
            currency=currency(said["currency"]),
            zone=said["zone"],
            due_at=parse_instant(said["due_at"]),
            part=said["part"],
            payment_term_days=said["payment_term_days"],
            purchase_order=said["purchase_order"],
            corrects=corrects
            and Corrected(corrects["number"], date.fromisoformat(corrects["date"])),
            reason=said["reason"],
        )


def _plain(value: Address | Bank) -> dict[str, str | None]:
    return {field.name: getattr(value, field.name) for field in fields(value)}
