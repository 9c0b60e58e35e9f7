"""Negotiated terms: what one customer pays instead of the list price, and until when."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from control_plane.catalog.domain import Charge, Commitment, Grant, Price, Tier
from control_plane.kernel.money import Money


@dataclass(frozen=True, slots=True)
class ChargeTerms:
    """What is negotiated of one charge; None leaves the list price's. Fields as in `Charge`."""

    amount: Money | None = None
    unit_price: Decimal | None = None
    tiers: tuple[Tier, ...] | None = None
    included: Decimal | None = None
    minimum: Money | None = None
    maximum: Money | None = None
    discount: Decimal | None = None

    def applied(self, charge: Charge) -> Charge:
        """Return the charge with what was negotiated of it."""
        said: dict[str, Any] = {
            "amount": self.amount,
            "unit_price": self.unit_price,
            "tiers": self.tiers,
            "included": self.included,
            "minimum": self.minimum,
            "maximum": self.maximum,
            "discount": self.discount,
        }
        chosen = {name: value for name, value in said.items() if value is not None}
        return replace(charge, **chosen) if chosen else charge


@dataclass(frozen=True, slots=True)
class Terms:
    """Overrides for one subscription, by charge code, with the reason they were given.

    ``commitment`` replaces the price's. ``entitlements`` replace the plan's of the same
    name. At ``end`` the list price holds again; None means for as long as the plan does: a
    plan change ends them, a migration to another version of the plan does not.
    """

    charges: Mapping[str, ChargeTerms] = field(default_factory=dict)
    commitment: Commitment | None = None
    entitlements: Mapping[str, Grant] = field(default_factory=dict)
    reason: str = ""
    end: datetime | None = None

    def applied(self, price: Price) -> Price:
        """Return the price as negotiated; charges that it lacks are passed over."""
        return replace(
            price,
            charges=tuple(
                self.charges[charge.code].applied(charge) if charge.code in self.charges else charge
                for charge in price.charges
            ),
            commitment=self.commitment or price.commitment,
        )
