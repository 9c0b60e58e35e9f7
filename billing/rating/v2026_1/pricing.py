"""What a quantity costs: exact ratios of major units, tier by tier. Nothing here rounds.

Worked example: 7,234 lines, 2,000 included, 0.05 up to 5,000, then 0.03. Billable are 5,234; the
first 5,000 cost 250, the other 234 cost 7.02; together 257.02.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from control_plane.catalog.domain import Charge, ChargeKind, Tier

ZERO = Fraction(0)


@dataclass(frozen=True, slots=True)
class TierPart:
    """What one tier contributes: ``quantity`` units and the ``flat_fee`` of entering it.

    ``start`` is exclusive and ``up_to`` inclusive, both counted after the included quantity.
    """

    number: int
    start: Fraction
    up_to: Decimal | None
    quantity: Fraction
    unit_price: Decimal
    flat_fee: Fraction
    amount: Fraction


@dataclass(frozen=True, slots=True)
class UsagePrice:
    """The exact price of a quantity, in major units, and how it came about."""

    quantity: Fraction
    included: Fraction
    billable: Fraction
    parts: tuple[TierPart, ...]

    @property
    def amount(self) -> Fraction:
        """The sum of the parts."""
        return sum((part.amount for part in self.parts), ZERO)


def price_usage(charge: Charge, quantity: Decimal | Fraction, share: Fraction) -> UsagePrice:
    """Price a meter's quantity over ``share`` of a period (1: all of it).

    The included quantity and the tiers' flat fees shrink with the share; tier bounds do not.
    """
    used = Fraction(quantity)
    included = Fraction(charge.included) * share
    billable = max(ZERO, used - included)
    parts = price_tiers(_tiers(charge), billable, share)
    return UsagePrice(quantity=used, included=included, billable=billable, parts=parts)


def price_tiers(tiers: Sequence[Tier], billable: Fraction, share: Fraction) -> tuple[TierPart, ...]:
    """Spread a billable quantity over graduated tiers; each prices only the units inside it.

    A tier's flat fee is due once it is entered; the first tier's also at zero usage.
    """
    parts: list[TierPart] = []
    start = ZERO
    for number, tier in enumerate(tiers, start=1):
        if parts and billable <= start:
            break
        end = billable if tier.up_to is None else min(billable, Fraction(tier.up_to))
        quantity = max(ZERO, end - start)
        fee = Fraction(tier.flat_fee) * share
        parts.append(
            TierPart(
                number=number,
                start=start,
                up_to=tier.up_to,
                quantity=quantity,
                unit_price=tier.unit_price,
                flat_fee=fee,
                amount=quantity * Fraction(tier.unit_price) + fee,
            )
        )
        if tier.up_to is not None:
            start = Fraction(tier.up_to)
    return tuple(parts)


def _tiers(charge: Charge) -> tuple[Tier, ...]:
    """Return the charge's tiers; a price per unit is one open tier."""
    if charge.kind is ChargeKind.PER_UNIT and charge.unit_price is not None:
        return (Tier(up_to=None, unit_price=charge.unit_price, flat_fee=Decimal(0)),)
    return charge.tiers
