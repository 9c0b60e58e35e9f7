"""What an invoice's amounts are computed from."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

from control_plane.catalog.domain import Text
from control_plane.kernel.exact import quantity_text
from control_plane.kernel.money import Money


class Priced(Protocol):
    """What assembling needs to know of a rated line; `rating.InvoiceLine` has it all.

    ``amount`` is never negative here: net of tax, or gross where ``tax_inclusive``. An empty
    ``tax_category`` is allowed on commitments only: it is taxed as the lines it tops up.
    """

    @property
    def key(self) -> str: ...  # noqa: D102
    @property
    def subscription_id(self) -> UUID: ...  # noqa: D102
    @property
    def item(self) -> str: ...  # noqa: D102
    @property
    def charge_code(self) -> str: ...  # noqa: D102
    @property
    def amount(self) -> Money: ...  # noqa: D102
    @property
    def tax_category(self) -> str: ...  # noqa: D102
    @property
    def tax_inclusive(self) -> bool: ...  # noqa: D102
    @property
    def discountable(self) -> bool: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class TaxTreatment:
    """How one category of goods is taxed in one sale.

    ``rate`` is in percent (13 for 13 %). ``code`` is UNCL5305 as EN 16931 restricts it: S standard,
    Z zero-rated, E exempt, AE reverse charge, K intra-community, G export, O outside the scope;
    all but S have the rate 0. ``reason`` says why no tax is due (BT-120), None for S and Z.
    """

    category: str
    rate: Decimal
    code: str
    jurisdiction: str
    reason: Text | None = None

    def body(self) -> dict[str, Any]:
        """Return the treatment as a manifest keeps it."""
        reason = None if self.reason is None else {"en": self.reason.en, "zh": self.reason.zh}
        return {
            "category": self.category,
            "rate": quantity_text(self.rate),
            "code": self.code,
            "jurisdiction": self.jurisdiction,
            "reason": reason,
        }

    @classmethod
    def from_body(cls, said: Mapping[str, Any]) -> "TaxTreatment":
        """Read a treatment back from a manifest."""
        reason = None if said["reason"] is None else Text(**said["reason"])
        rate = Decimal(said["rate"])
        return cls(said["category"], rate, said["code"], said["jurisdiction"], reason)


@dataclass(frozen=True, slots=True)
class Scope:
    """Which lines a discount is for: those of named plans, those of named charges, or all.

    ``plans`` are codes of plans or add-ons; a line's item ``outbound-pro@2`` is of the plan
    ``outbound-pro``. With both given, a line has to match both.
    """

    plans: tuple[str, ...] = ()
    charges: tuple[str, ...] = ()

    def covers(self, line: Priced) -> bool:
        """Tell whether the discount is for a line."""
        plan = line.item.partition("@")[0]
        return (not self.plans or plan in self.plans or line.item in self.plans) and (
            not self.charges or line.charge_code in self.charges
        )


@dataclass(frozen=True, slots=True)
class Coupon:
    """A coupon held by the tenant: ``percent`` of what is left, or at most ``amount`` of it.

    Exactly one of ``percent`` (0 < percent <= 100) and ``amount`` is given. ``id`` is that of the
    tenant's redemption, under which its use is remembered.
    """

    id: UUID
    code: str
    name: Text
    percent: Decimal | None = None
    amount: Money | None = None
    scope: Scope = Scope()


@dataclass(frozen=True, slots=True)
class Credit:
    """A promotional credit: ``amount`` is what is free of the grant ``id``."""

    id: UUID
    code: str
    name: Text
    amount: Money
    scope: Scope = Scope()


@dataclass(frozen=True, slots=True)
class PrepaidTax:
    """Tax that was paid with a top-up: ``base`` net and ``tax`` of one code and rate."""

    category: str
    code: str
    rate: Decimal
    base: Money
    tax: Money


@dataclass(frozen=True, slots=True)
class Balance:
    """Money that settles an invoice: what is left of a credit note, or of a top-up.

    ``kind`` is ``credit_note`` or ``prepaid``. ``policy`` is that of a top-up: ``tax_on_use``,
    ``tax_on_topup`` (then ``taxes`` say what is left of the tax already paid) or ``card``.
    ``id`` is that of the credit note or of the top-up.
    """

    id: UUID
    kind: str
    reference: str
    amount: Money
    policy: str | None = None
    taxes: tuple[PrepaidTax, ...] = ()
