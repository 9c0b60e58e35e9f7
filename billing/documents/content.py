"""What a frozen body says, as values: the one thing every document is drawn from.

Reads both formats that bodies have had. Format 1 (untaxed, parties by name alone, refunds as
negative lines) is read as what it meant: no tax, no discounts, nothing applied.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from billing.documents.parties import Body, Party, Words, read_party, read_words
from billing.domain.documents.centres import read_shares
from billing.domain.groups.splitting import Split
from control_plane.kernel.currency import Currency, currency
from control_plane.kernel.money import Money

COST_CENTRE = "cost_centre"
"""The tag of lines that says whose they are, where the shares do not."""


class DocumentKind(StrEnum):
    """What is frozen: a claim, or the taking back of one."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"


@dataclass(frozen=True, slots=True)
class Discount:
    """What a coupon or a promotional credit took off a line; ``amount`` is not negative."""

    kind: str
    code: str
    name: Words
    amount: Money


@dataclass(frozen=True, slots=True)
class Line:
    """One line. ``amount`` is before discounts (with tax if ``tax_inclusive``); ``net`` without."""

    key: str
    kind: str
    item: str
    item_name: Words
    charge: str
    name: Words
    first_day: date
    last_day: date
    quantity: str | None
    unit: Words | None
    amount: Money
    discounts: tuple[Discount, ...]
    net: Money
    tax_category: str
    tax_code: str | None
    tax_rate: str | None
    tax_inclusive: bool
    tags: tuple[tuple[str, str], ...]
    centres: tuple[Split, ...] = ()

    @property
    def cost_centre(self) -> str:
        """The one cost centre that the whole line is, empty where it is several' or nobody's."""
        named = [share.centre for share in self.centres]
        return named[0] if len(named) == 1 else dict(self.tags).get(COST_CENTRE, "")

    def title(self, language: str) -> str:
        """Name the item and what of it is charged; once where both are called the same."""
        item, name = self.item_name.say(language), self.name.say(language)
        return item if item == name else f"{item} · {name}"


@dataclass(frozen=True, slots=True)
class TaxGroup:
    """Tax of one category and rate; ``code`` is UNCL 5305, ``rate`` in per cent."""

    category: str
    code: str
    rate: str
    base: Money
    tax: Money
    reason: Words | None


@dataclass(frozen=True, slots=True)
class Applied:
    """What settled a part before anything was paid."""

    kind: str
    reference: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Document:
    """An invoice or credit note as frozen."""

    kind: DocumentKind
    number: str
    tenant: str
    seller: Party
    buyer: Party
    currency: Currency
    zone: str
    dated: date
    payable_by: date | None
    purchase_order: str | None
    corrects: tuple[str, date] | None
    reason: str | None
    lines: tuple[Line, ...]
    taxes: tuple[TaxGroup, ...]
    subtotal: Money
    discount: Money
    net: Money
    tax: Money
    total: Money
    applied: tuple[Applied, ...]
    due: Money
    body: Body

    @property
    def is_credit_note(self) -> bool:
        """Whether it takes back instead of claiming."""
        return self.kind is DocumentKind.CREDIT_NOTE

    @property
    def centres(self) -> tuple[tuple[str, Money], ...]:
        """What each cost centre has of all lines, by name; nothing where none is named."""
        found: dict[str, Money] = {}
        for share in (share for line in self.lines for share in line.centres):
            before = found.get(share.centre, Money.zero(self.currency))
            found[share.centre] = before + share.amount
        return tuple(sorted(found.items()))

    @property
    def taxed(self) -> bool:
        """Whether the seller's entity had tax set up when it was frozen."""
        return bool(self.taxes)

    @property
    def service(self) -> tuple[date, date]:
        """The first and the last day that any line is for."""
        if not self.lines:
            return self.dated, self.dated
        return min(x.first_day for x in self.lines), max(x.last_day for x in self.lines)


def read_document(body: Body) -> Document:
    """Read a frozen body of any format.

    Raises:
        UnknownCurrency: the body names a currency that is not billed in.
    """
    code = currency(body["currency"])
    lines = tuple(_line(line, code) for line in body["lines"])
    total = Money(body["total_minor"], code)

    def amount(name: str, otherwise: Money) -> Money:
        return Money(body[name], code) if name in body else otherwise

    payable_by = body.get("payable_by")
    corrects = body.get("corrects")
    return Document(
        kind=DocumentKind(body.get("kind", "invoice")),
        number=body["number"],
        tenant=body["tenant"],
        seller=read_party(body["seller"]),
        buyer=read_party(body["buyer"]),
        currency=code,
        zone=body["zone"],
        dated=date.fromisoformat(body["date"]),
        payable_by=None if payable_by is None else date.fromisoformat(payable_by),
        purchase_order=body.get("purchase_order"),
        corrects=corrects and (corrects["number"], date.fromisoformat(corrects["date"])),
        reason=body.get("reason"),
        lines=lines,
        taxes=tuple(_tax(group, code) for group in body.get("taxes", ())),
        subtotal=amount("subtotal_minor", total),
        discount=amount("discount_minor", Money.zero(code)),
        net=amount("net_minor", total),
        tax=amount("tax_minor", Money.zero(code)),
        total=total,
        applied=tuple(
            Applied(entry["kind"], entry["reference"], Money(entry["amount_minor"], code))
            for entry in body.get("applied", ())
        ),
        due=amount("due_minor", total),
        body=body,
    )


def _line(line: Body, code: Currency) -> Line:
    amount = Money(line["amount_minor"], code)
    return Line(
        key=line["key"],
        kind=line["kind"],
        item=line["item"],
        item_name=read_words(line["item_name"]),
        charge=line["charge"],
        name=read_words(line["name"]),
        first_day=date.fromisoformat(line["first_day"]),
        last_day=date.fromisoformat(line["last_day"]),
        quantity=line["quantity"],
        unit=None if line["unit"] is None else read_words(line["unit"]),
        amount=amount,
        discounts=_discounts(line.get("discounts", ()), code),
        net=Money(line["net_minor"], code) if "net_minor" in line else amount,
        tax_category=line.get("tax_category") or "",
        tax_code=line.get("tax_code"),
        tax_rate=line.get("tax_rate"),
        tax_inclusive=bool(line.get("tax_inclusive")),
        tags=tuple(sorted((line.get("tags") or {}).items())),
        centres=read_shares(line, Money.zero(code)),
    )


def _discounts(found: Sequence[Body], code: Currency) -> tuple[Discount, ...]:
    return tuple(
        Discount(
            entry["kind"],
            entry["code"],
            read_words(entry["name"]),
            Money(entry["amount_minor"], code),
        )
        for entry in found
    )


def _tax(group: Body, code: Currency) -> TaxGroup:
    reason = group.get("reason")
    return TaxGroup(
        category=group["category"],
        code=group["code"],
        rate=group["rate"],
        base=Money(group["base_minor"], code),
        tax=Money(group["tax_minor"], code),
        reason=None if reason is None else read_words(reason),
    )
