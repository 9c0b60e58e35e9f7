"""The amounts of an invoice and of a credit note."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from billing.domain.assembling.inputs import PrepaidTax, Priced
from control_plane.catalog.domain import Text
from control_plane.kernel.money import Money


@dataclass(frozen=True, slots=True)
class LineDiscount:
    """A discount's share on one line; ``kind`` is ``coupon`` or ``credit``.

    ``id`` is unknown (None) where it was read back from a body.
    """

    kind: str
    id: UUID | None
    code: str
    name: Text
    amount: Money


@dataclass(frozen=True, slots=True)
class BilledLine:
    """A line with its discounts and its tax.

    ``amount`` is before discounts (gross where ``tax_inclusive``). ``net`` is after discounts and
    never contains tax, ``tax`` is the line's share of its group's: they and the discounts obey
    amount - discounts = net (+ tax where inclusive). ``tax_code`` and ``tax_rate`` name the group,
    None and 0 where no tax applies. ``source`` is the rated line. A commitment taxed as the lines
    it tops up becomes one line per tax category; all but the first have ``/`` and the category
    behind their key.
    """

    key: str
    source: Priced
    amount: Money
    discounts: tuple[LineDiscount, ...]
    net: Money
    tax: Money
    tax_category: str
    tax_code: str | None
    tax_rate: Decimal
    tax_inclusive: bool

    @property
    def discount(self) -> Money:
        """The sum of the line's discounts."""
        return Money.total((d.amount for d in self.discounts), self.amount.currency)


@dataclass(frozen=True, slots=True)
class TaxGroup:
    """The tax of all lines of one code and rate: ``base`` is the sum of their nets.

    ``category`` is that of the first of these lines.
    """

    category: str
    code: str
    rate: Decimal
    base: Money
    tax: Money
    reason: Text | None


@dataclass(frozen=True, slots=True)
class AppliedBalance:
    """What of a balance settled the invoice; ``taxes`` is its share of tax already paid."""

    id: UUID
    kind: str
    reference: str
    amount: Money
    policy: str | None
    taxes: tuple[PrepaidTax, ...]


@dataclass(frozen=True, slots=True)
class Used:
    """How much of a coupon's redemption or of a credit the invoice used up in all."""

    kind: str
    id: UUID
    amount: Money


@dataclass(frozen=True, slots=True)
class Assembled:
    """An invoice's amounts.

    subtotal = Σ amounts, net = Σ nets, tax = Σ tax of the groups = Σ tax of the lines, total = net
    + tax, due = total - applied; none is negative. ``used`` lists coupons and credits in order.
    """

    lines: tuple[BilledLine, ...]
    taxes: tuple[TaxGroup, ...]
    subtotal: Money
    discount: Money
    net: Money
    tax: Money
    total: Money
    applied: tuple[AppliedBalance, ...]
    due: Money
    used: tuple[Used, ...]


@dataclass(frozen=True, slots=True)
class CreditedLine:
    """What earlier credit notes took of one line, all amounts positive.

    ``discounts`` are in the order of the line's own; ``centres`` is what went back to each of the
    customer's cost centres.
    """

    amount: Money
    discounts: tuple[Money, ...]
    net: Money
    tax: Money
    centres: tuple[tuple[str, Money], ...] = ()

    @property
    def shared(self) -> dict[str, int]:
        """What went back to each cost centre, in minor units."""
        found: dict[str, int] = {}
        for centre, amount in self.centres:
            found[centre] = found.get(centre, 0) + amount.minor
        return found

    def plus(self, other: "CreditedLine") -> "CreditedLine":
        """Return what both took together."""
        discounts = (a + b for a, b in zip(self.discounts, other.discounts, strict=True))
        return CreditedLine(
            self.amount + other.amount,
            tuple(discounts),
            self.net + other.net,
            self.tax + other.tax,
            (*self.centres, *other.centres),
        )


@dataclass(frozen=True, slots=True)
class BilledInvoice:
    """What `reduce` needs of an issued invoice. Old invoices without tax have no groups."""

    lines: tuple[BilledLine, ...]
    taxes: tuple[TaxGroup, ...]


@dataclass(frozen=True, slots=True)
class NoteLine:
    """One line of a credit note, all amounts positive; ``of`` is the line it takes back."""

    key: str
    of: BilledLine
    amount: Money
    discounts: tuple[LineDiscount, ...]
    net: Money
    tax: Money

    @property
    def discount(self) -> Money:
        """The sum of the line's discounts that go back."""
        return Money.total((d.amount for d in self.discounts), self.amount.currency)

    @property
    def credited(self) -> CreditedLine:
        """The line as `reduce` wants it of earlier notes."""
        discounts = tuple(d.amount for d in self.discounts)
        return CreditedLine(self.amount, discounts, self.net, self.tax)


@dataclass(frozen=True, slots=True)
class NoteAmounts:
    """A credit note's amounts, all positive: subtotal, discount, net, tax, total as `Assembled`."""

    lines: tuple[NoteLine, ...]
    taxes: tuple[TaxGroup, ...]
    subtotal: Money
    discount: Money
    net: Money
    tax: Money
    total: Money


Already = Mapping[str, CreditedLine]
"""What earlier notes took of an invoice, by line key."""
