"""Tiers of quantity: which ones a quantity enters, and what each of them costs."""

from collections.abc import Sequence
from fractions import Fraction

from billing.domain.pricing.parts import ZERO, TierPart
from control_plane.catalog.domain import Tier
from control_plane.catalog.policies import Policies, TierEntryFee


def price_tiers(
    tiers: Sequence[Tier],
    billable: Fraction,
    share: Fraction,
    entry_fee: TierEntryFee = TierEntryFee.FIRST_AT_ZERO,
) -> tuple[TierPart, ...]:
    """Spread a billable quantity over graduated tiers; each prices only the units inside it.

    A tier's flat fee is due once it is entered; the first tier's also at zero usage, unless
    the policy frees it.
    """
    parts: list[TierPart] = []
    start = ZERO
    for number, tier in enumerate(tiers, start=1):
        if parts and billable <= start:
            break
        end = billable if tier.up_to is None else min(billable, Fraction(tier.up_to))
        quantity = max(ZERO, end - start)
        entered = billable > 0 or entry_fee is TierEntryFee.FIRST_AT_ZERO
        fee = Fraction(tier.flat_fee) * share if entered else ZERO
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


def price_at_tier(
    tiers: Sequence[Tier], billable: Fraction, share: Fraction, policies: Policies
) -> TierPart:
    """Price the whole quantity in the one tier that it reaches, bounds belonging below."""
    number, start = 1, ZERO
    for number, tier in enumerate(tiers, start=1):  # noqa: B007 - the last one reached is kept
        if tier.up_to is None or billable <= tier.up_to:
            break
        start = Fraction(tier.up_to)
    entered = billable > 0 or policies.tier_entry_fee is TierEntryFee.FIRST_AT_ZERO
    fee = Fraction(tier.flat_fee) * share if entered else ZERO
    return TierPart(
        number=number,
        start=start,
        up_to=tier.up_to,
        quantity=billable,
        unit_price=tier.unit_price,
        flat_fee=fee,
        amount=billable * Fraction(tier.unit_price) + fee,
    )
