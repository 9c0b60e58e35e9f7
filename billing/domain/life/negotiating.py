"""Whether negotiated terms fit the price that they are about."""

from collections.abc import Iterator, Mapping
from itertools import pairwise

from billing.domain.life.errors import TermsInvalid
from control_plane.catalog.domain import Feature, Price, Tier
from control_plane.kernel.money import Money
from control_plane.subscriptions.domain import ChargeTerms, Terms

_WHOLE = 100


def require_fitting(terms: Terms, price: Price, features: Mapping[str, Feature]) -> None:
    """Refuse terms that no invoice could be computed from.

    Raises:
        TermsInvalid: a charge or feature is unknown, a currency another, a number out of bounds,
            or the last tier is not open.
    """
    known = {charge.code for charge in price.charges}
    for code, charge in terms.charges.items():
        if code not in known:
            raise TermsInvalid(what=f"charges.{code}", field="terms")
        for fault in _faults(charge, price):
            raise TermsInvalid(what=f"charges.{code}.{fault}", field="terms")
    for code in terms.entitlements:
        if code not in features:
            raise TermsInvalid(what=f"entitlements.{code}", field="terms")
    commitment = terms.commitment
    if commitment is not None and not _fits(commitment.amount, price):
        raise TermsInvalid(what="commitment", field="terms")


def _faults(charge: ChargeTerms, price: Price) -> Iterator[str]:
    for name in ("amount", "minimum", "maximum"):
        amount: Money | None = getattr(charge, name)
        if amount is not None and not _fits(amount, price):
            yield name
    for name in ("unit_price", "included", "discount"):
        number = getattr(charge, name)
        if number is not None and number < 0:
            yield name
    if charge.discount is not None and charge.discount > _WHOLE:
        yield "discount"
    if charge.tiers is not None and not _tile(charge.tiers):
        yield "tiers"


def _fits(amount: Money, price: Price) -> bool:
    return amount.currency == price.currency and amount.minor >= 0


def _tile(tiers: tuple[Tier, ...]) -> bool:
    """Tell whether tiers rise and only the last one is open."""
    if not tiers or tiers[-1].up_to is not None:
        return False
    bounds = [tier.up_to for tier in tiers[:-1]]
    closed = [bound for bound in bounds if bound is not None and bound > 0]
    return len(closed) == len(bounds) and all(low < high for low, high in pairwise(closed))
